import { FormatError } from '../format-error.ts'
import type { VcpuRegisters } from '../vcpu-activity.ts'
import type { DeviceState } from './device-state.ts'

const POWER_OFF = 1n

/** The registers of a `cpu` section; undefined where it does not describe them. @source QEMU target/arm/machine.c, vmstate_arm_cpu */
export function vcpuRegisters(state: DeviceState): VcpuRegisters | undefined {
  return told(() => {
    if (state.integer('power_state', 1) === POWER_OFF) return { isOff: true, pc: 0n, pstate: 0, register: () => undefined }
    const pstate = Number(state.integer('cpsr', 4))
    const indexes = told(() => state.integers('cpreg_vmstate_indexes', 8)) ?? []
    const values = told(() => state.integers('cpreg_vmstate_values', 8)) ?? []
    return { isOff: false, pc: state.integer('env.pc', 8), pstate, register: (id) => values[indexes.indexOf(id)] }
  })
}

/** What a section tells, if it does. */
function told<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return undefined
  }
}
