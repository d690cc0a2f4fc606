import { hex, hexWord, type KernelRow, type RepairPlan } from '@vits/core'

/** What `vits repair --json` prints; `written` names the file that holds the repaired VM, null when none was written. */
export function planJson(file: string, plan: RepairPlan, written: string | null): Readonly<Record<string, unknown>> {
  const { itses, writes, kernels, obstacles } = plan
  const [{ before, after, lost, lostDevices }] = itses
  return {
    schema: 1,
    file,
    written,
    before: { verdict: before.verdict, errno: before.errno ?? null },
    after: { verdict: after.verdict, errno: after.errno ?? null, restored: after.restored },
    writes: writes.map(({ at, from, to, code, kind, id, why, proven }) => ({
      gpa: hex(at),
      from: hexWord(...from),
      to: hexWord(...to),
      code,
      kind,
      id,
      why,
      confidence: proven ? 'proven' : 'inferred',
    })),
    kernels: kernels.map(({ kernel, before, after }) => ({ kernel, before: kernelJson(before), after: kernelJson(after) })),
    obstacles,
    lost: { devices: lostDevices, events: lost },
  }
}

const kernelJson = ({ verdict, errno, lost, revived, misdirected }: KernelRow) => ({
  verdict,
  errno: errno ?? null,
  lost: lost.count,
  revived: revived.count,
  misdirected: misdirected.count,
})
