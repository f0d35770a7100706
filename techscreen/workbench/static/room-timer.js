// Timers as data: {elapsed, started}. `elapsed` are the milliseconds before the last start, `started` is the moment of
// that start, or null while it is paused. So a timer goes on rightly through a reload and a closed lid.

export const newTimer = () => ({ elapsed: 0, started: null });

/** The milliseconds that a timer shows at a moment. A clock that was set back takes nothing away. */
export function elapsedOf(timer, now) {
  return timer.elapsed + (timer.started === null ? 0 : Math.max(0, now - timer.started));
}

export const isRunning = (timer) => timer.started !== null;
export const isUnused = (timer) => timer.started === null && timer.elapsed === 0;
export const started = (timer, now) => (isRunning(timer) ? timer : { elapsed: timer.elapsed, started: now });
export const paused = (timer, now) => ({ elapsed: elapsedOf(timer, now), started: null });

/** Milliseconds as minutes and seconds, with hours where there are some. */
export function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
