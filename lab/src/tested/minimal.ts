import type { QueuedCommand, Step } from '@vits/core/conformance'

/** Whether a history still shows what it is kept for. One that cannot be played does not. */
export type Tells = (steps: readonly Step[]) => boolean | Promise<boolean>

/** A command that changes nothing: the others stay where they are in the queue. */
const SYNC: QueuedCommand = { name: 'SYNC', dw: ['0x5', '0x0', '0x0', '0x0'] }

/**
 * The shortest history that leaving out steps and commands leads to, of which `tells` still holds.
 *
 * @param isLate when it is, the shortest so far is taken.
 */
export async function minimal(steps: readonly Step[], tells: Tells, isLate: () => boolean): Promise<readonly Step[]> {
  const fewer = await fewest(steps, tells, isLate)
  const quiet = [...fewer]
  for (const [n, step] of fewer.entries()) {
    if (step.op !== 'commands') continue
    const keep = async (list: readonly QueuedCommand[]) => tells(quiet.with(n, { ...step, list }))
    let { list } = step
    for (const at of list.keys()) {
      const without = list.with(at, SYNC)
      if (!isLate() && list[at]!.name !== SYNC.name && (await keep(without))) list = without
    }
    quiet[n] = { ...step, list }
  }
  return quiet
}

/** Leaves out half of what there is, a quarter, ... and single steps, as long as that leads on. */
async function fewest(steps: readonly Step[], tells: Tells, isLate: () => boolean): Promise<readonly Step[]> {
  let best = steps
  let size = best.length >> 1
  while (size >= 1 && !isLate()) {
    const before = best.length
    for (let at = best.length - size; at >= 0 && !isLate(); at -= size) {
      const without = [...best.slice(0, at), ...best.slice(at + size)]
      if (await tells(without)) best = without
    }
    size = size === 1 && best.length < before ? 1 : size >> 1
  }
  return best
}
