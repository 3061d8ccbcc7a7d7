import { address, parse, type Route } from './routes'

class Router {
  now = $state.raw<Route>(parse(location.hash))

  /** listen follows the address until the returned function is called. */
  listen(): () => void {
    const read = () => (this.now = parse(location.hash))
    read() // the address may have changed before anybody listened
    window.addEventListener('hashchange', read)
    return () => window.removeEventListener('hashchange', read)
  }

  go(route: Route) {
    location.hash = address(route)
  }

  /** turn changes the address without a step in the history: for what is open beside a list. */
  turn(route: Route) {
    history.replaceState(null, '', address(route))
    this.now = route
  }
}

export const router = new Router()
