/**
 * The command errors of the GIC architecture that a GICv3 ITS can meet (IHI 0069, "ITS command error encodings"): what an ITS with
 * SEIS would report. KVM computes the same codes and drops them.
 */
export const commandErrors = {
  MOVI_UNMAPPED_INTERRUPT: { code: 0x010107, doc: 'the event is not mapped' },
  MOVI_UNMAPPED_COLLECTION: { code: 0x010109, doc: 'the old or the new collection is not mapped' },
  INT_UNMAPPED_INTERRUPT: { code: 0x010307, doc: 'the event or its collection is not mapped' },
  CLEAR_UNMAPPED_INTERRUPT: { code: 0x010507, doc: 'the event is not mapped' },
  MAPD_DEVICE_OOR: { code: 0x010801, doc: 'the DeviceID cannot be stored in the device table' },
  MAPD_ITTSIZE_OOR: { code: 0x010802, doc: 'the ITT is for more EventID bits than GITS_TYPER allows' },
  MAPC_PROCNUM_OOR: { code: 0x010902, doc: 'RDbase names no vCPU' },
  MAPC_COLLECTION_OOR: { code: 0x010903, doc: 'the ICID cannot be stored in the collection table' },
  MAPTI_UNMAPPED_DEVICE: { code: 0x010a04, doc: 'the device is not mapped' },
  MAPTI_ID_OOR: { code: 0x010a05, doc: 'the EventID is past the ITT, or its entry is not in guest RAM' },
  MAPTI_PHYSICALID_OOR: { code: 0x010a06, doc: 'the pINTID is no LPI that GICR_PROPBASER has room for' },
  INV_UNMAPPED_INTERRUPT: { code: 0x010c07, doc: 'the event is not mapped' },
  INVALL_UNMAPPED_COLLECTION: { code: 0x010d09, doc: 'the collection is not mapped' },
  MOVALL_PROCNUM_OOR: { code: 0x010e01, doc: 'an RDbase names no vCPU' },
  DISCARD_UNMAPPED_INTERRUPT: { code: 0x010f07, doc: 'the event or its collection is not mapped' },
} as const satisfies Record<string, { readonly code: number; readonly doc: string }>

export type CommandErrorName = keyof typeof commandErrors

const byCode = new Map<number, CommandErrorName>(
  Object.entries(commandErrors).map(([name, { code }]) => [code, name as CommandErrorName]),
)

/** The name of a command error. @throws RangeError for a number that is none. */
export function commandErrorName(code: number): CommandErrorName {
  const name = byCode.get(code)
  if (name === undefined) throw new RangeError(`0x${code.toString(16)} is no command error`)
  return name
}
