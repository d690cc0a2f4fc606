/** The bytes that begin the parts of a QEMU migration stream (QEMU_VM_* in migration/savevm.h). */
export const SECTION = {
  eof: 0x00,
  start: 0x01,
  part: 0x02,
  end: 0x03,
  full: 0x04,
  subsection: 0x05,
  vmdescription: 0x06,
  configuration: 0x07,
  command: 0x08,
  footer: 0x7e,
} as const
