/**
 * follow hears where the pointer goes until it is let go: by how much it has moved towards the end of the line, and where
 * it is.
 */
export function follow(
  event: PointerEvent,
  moved: (by: number, now: PointerEvent) => void,
  end?: () => void,
) {
  const from = event.clientX
  const towards = rightToLeft(event.currentTarget) ? -1 : 1
  const move = (now: PointerEvent) => moved((now.clientX - from) * towards, now)
  const stop = () => {
    window.removeEventListener('pointermove', move)
    window.removeEventListener('pointerup', stop)
    window.removeEventListener('pointercancel', stop)
    end?.()
  }
  window.addEventListener('pointermove', move)
  window.addEventListener('pointerup', stop)
  window.addEventListener('pointercancel', stop)
}

export function rightToLeft(target: EventTarget | null): boolean {
  return target instanceof Element && getComputedStyle(target).direction === 'rtl'
}
