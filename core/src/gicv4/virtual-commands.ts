import { NO_DOORBELL, type Operands, VSGI_STATE } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { eventOf, type ItsState, PHYSICAL } from './its-state.ts'
import { type CommandTable, mapEvent } from './physical-commands.ts'
import type { Refusal } from './virtual-interrupts.ts'
import type { Vpe } from './vpe.ts'
import { vpeTableOfIts } from './vpe-table.ts'

const { pending } = VSGI_STATE.fields

/** Runs `act` on a vPE that this ITS maps. */
function withVpe(its: ItsState, vpeid: number, act: (vpe: Vpe) => Refusal): Refusal {
  const vpe = its.virtual.vpe(vpeid)
  return vpe?.routes.has(its.number) === true ? act(vpe) : `vPE ${vpeid} is not mapped`
}

const onlyV41 = (its: ItsState): Refusal => (its.virtual.version === 'GICv4.1' ? undefined : 'GICv4.0 has no such command')

/** Both forms: GICv4.0 has no Alloc, PTZ, VCONF address or default doorbell, and the bits of those are not looked at. */
function vmapp(its: ItsState, args: Operands<'VMAPP'>): Refusal {
  const { vpeid, rdBase, vptSize } = args
  const v41 = its.virtual.version === 'GICv4.1'
  if (!args.valid) {
    return its.virtual.unmap(vpeid, its.number, v41 ? args.alloc : its.virtual.vpe(vpeid)?.routes.size === 1)
  }
  const shape = { vpeid, rdBase, vptAddr: args.vptAddr as Gpa, intidBits: vptSize + 1 }
  if (v41) {
    const { alloc, ptz, defaultDoorbell } = args
    return its.virtual.map({ ...shape, vconfAddr: args.vconfAddr as Gpa, defaultDoorbell }, { its: its.number, alloc, ptz })
  }
  return its.virtual.map(
    { ...shape, vconfAddr: undefined, defaultDoorbell: NO_DOORBELL },
    { its: its.number, alloc: true, ptz: false, table: vpeTableOfIts(its.vpeBaser) },
  )
}

/** A pending vLPI goes to the new vPE with its event. */
function vmovi(its: ItsState, { deviceId, eventId, vpeid, doorbellValid, doorbell }: Operands<'VMOVI'>): Refusal {
  const event = eventOf(its, deviceId, eventId)
  if (typeof event === 'string') return event
  if (event.vpeid === PHYSICAL) return 'VMOVI of a physical event: that is MOVI'
  return withVpe(its, vpeid, (to) => {
    its.devices.get(deviceId)!.events.set(eventId, { ...event, vpeid, doorbell: doorbellValid ? doorbell : event.doorbell })
    const from = its.virtual.vpe(event.vpeid)
    if (from === undefined || from === to || !from.isPending(event.intid)) return undefined
    from.clearPending(event.intid)
    its.virtual.raise(its.number, vpeid, event.intid, doorbellValid ? doorbell : event.doorbell)
    return undefined
  })
}

function vmovp(its: ItsState, { vpeid, rdBase, sequence, itsList, doorbellValid, defaultDoorbell }: Operands<'VMOVP'>): Refusal {
  const copy = { its: its.number, vpeid, rdBase, sequence, itsList }
  const refusal = its.vmovp ? its.meeting.moveAlone(copy) : its.meeting.arrive(copy)
  if (refusal === undefined && doorbellValid && its.virtual.version === 'GICv4.1') {
    its.virtual.vpe(vpeid)!.defaultDoorbell = defaultDoorbell
  }
  return refusal
}

/** Configures, or clears: one command cannot do both (IHI 0069, "VSGI"). */
function vsgi(its: ItsState, args: Operands<'VSGI'>): Refusal {
  return (
    onlyV41(its) ??
    withVpe(its, args.vpeid, (vpe) => {
      const before = vpe.sgis[args.vsgi]!
      if (args.clear) {
        vpe.clearPending(args.vsgi)
        return undefined
      }
      const config = { enabled: args.enable, group1: args.group, priority: args.priority }
      vpe.sgis[args.vsgi] = VSGI_STATE.encode({ ...config, pending: pending.get(before, 0) === 1 }).lo
      return undefined
    })
  )
}

/** The commands of GICv4.0 and GICv4.1. @source IHI 0069 "ITS commands"; Linux irq-gic-v3-its.c its_build_v*_cmd */
export const virtualCommands: CommandTable<
  'VMAPP' | 'VMAPTI' | 'VMAPI' | 'VMOVI' | 'VMOVP' | 'VSYNC' | 'VINVALL' | 'VSGI' | 'INVDB'
> = {
  VMAPP: vmapp,
  VMAPTI: (its, args) => mapEvent(its, args, { vpeid: args.vpeid, intid: args.vintid, icid: 0, doorbell: args.doorbell }),
  VMAPI: (its, args) => mapEvent(its, args, { vpeid: args.vpeid, intid: args.eventId, icid: 0, doorbell: args.doorbell }),
  VMOVI: vmovi,
  VMOVP: vmovp,
  VSYNC: (its, { vpeid }) => {
    its.virtual.sync(vpeid)
    return undefined
  },
  VINVALL: (its, { vpeid }) =>
    withVpe(its, vpeid, (vpe) => {
      its.virtual.invalidate(vpe)
      return undefined
    }),
  VSGI: vsgi,
  INVDB: (its, { vpeid }) =>
    onlyV41(its) ??
    withVpe(its, vpeid, (vpe) => {
      if (vpe.hasDoorbell) its.lpis.invalidate(vpe.defaultDoorbell)
      return undefined
    }),
}
