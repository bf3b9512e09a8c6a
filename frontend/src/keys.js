// Keys that step, whatever has the focus, unless what has it needs them itself.

import { toStation } from "./follow.js";
import { beyond } from "./repeats.js";

const PACE = 700; // ms between two operations while it plays

/** Arrow keys step (with shift, through the steps of a film), space plays, Home and End go to the ends, / searches, f goes on with
 *  the weight that is followed, r leaves the repetition that one is in. Returns what ends it. */
export function bindKeys(element, store, { everywhere }) {
  const target = everywhere ? document : element;
  const listener = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || takesKeys(event.target, event.key))
      return;
    const act =
      (event.shiftKey ? FRAMES : null)?.[event.key]?.(store) ??
      {
        ArrowRight: () => pausedStep(store, 1),
        ArrowLeft: () => pausedStep(store, -1),
        Home: () => store.set({ op: 0, playing: false }),
        End: () => store.set({ op: store.trace.operations.length - 1, playing: false }),
        " ": () => store.set({ playing: !store.state.playing }),
        f: () => toStation(store, 1),
        F: () => toStation(store, -1),
        r: () => leave(store, 1),
        R: () => leave(store, -1),
        "/": () => element.querySelector('input[type="search"]')?.focus(),
      }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  target.addEventListener("keydown", listener);
  const pause = play(store);
  return () => {
    target.removeEventListener("keydown", listener);
    pause();
  };
}

/** Keys with shift: to the step after, or before. */
const FRAMES = {
  ArrowRight: (store) => () =>
    store.set({ frame: Math.min(store.state.frame + 1, (store.trace.frames?.length ?? 1) - 1) }),
  ArrowLeft: (store) => () => store.set({ frame: Math.max(store.state.frame - 1, 0) }),
};

function pausedStep(store, by) {
  store.set({ op: store.state.op + by, playing: false });
}

/** On to what comes behind the repetition that one is in, or (-1) back to what came before. */
export function leave(store, by) {
  const next = beyond(store.trace, store.state.op, by);
  if (next !== null) store.set({ op: next, playing: false });
}

/** Whether this key means something else to what has the focus. */
function takesKeys(target, key) {
  if (!target.closest) return false;
  if (target.closest("input, textarea, select, [contenteditable], [role=grid]")) return true;
  return key === " " && target.closest("button, summary, a, [role=button]") !== null;
}

/** Steps on while the store says "playing", to the end. */
function play(store) {
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
  };
  store.subscribe(({ playing, op }, changed) => {
    const last = store.trace.operations.length - 1;
    if (changed.has("playing") && playing && timer === null) {
      if (op >= last) queueMicrotask(() => store.set({ op: 0 }));
      timer = setInterval(() => {
        if (store.state.op >= last) store.set({ playing: false });
        else store.step(1);
      }, PACE);
    } else if (!playing) stop();
  });
  return stop;
}
