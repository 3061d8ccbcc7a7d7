/** Small things about the layout that stay on this computer: widths, the language, the last page of a set-up. */
export function kept(key: string, fallback: string): string {
  try {
    return localStorage.getItem(`gatehouse.${key}`) ?? fallback
  } catch {
    return fallback // a browser may forbid it; then nothing is remembered
  }
}

export function keep(key: string, value: string) {
  try {
    localStorage.setItem(`gatehouse.${key}`, value)
  } catch {
    // see above
  }
}
