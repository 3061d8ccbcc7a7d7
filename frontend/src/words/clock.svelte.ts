/** The time as screens read it: relative times grow older while one looks at them. */
class Clock {
  now = $state(Date.now())

  /** run ticks until the returned function is called. */
  run(): () => void {
    const timer = setInterval(() => (this.now = Date.now()), 15_000)
    return () => clearInterval(timer)
  }

  /** look takes the time anew, for a page that has just received something. */
  look() {
    this.now = Date.now()
  }
}

export const clock = new Clock()
