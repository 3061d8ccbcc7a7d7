/** domainOf is the domain in what somebody typed: a domain, or an address in it. */
export const domainOf = (typed: string): string => typed.replace(/^.*@/, '').toLowerCase()
