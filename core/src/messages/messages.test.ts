import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type ProblemCode, problemRow, problems } from '../audit/index.ts'
import { problemCases } from '../audit/testing/problem-cases/index.ts'
import { type Errno, errnos } from '../memory/index.ts'
import {
  errnoNamed,
  errnoTexts,
  explainErrno,
  explainLine,
  LogReader,
  messageNames,
  messageRow,
  messagesOf,
  nearestMessages,
} from './index.ts'

const codes = Object.keys(problems) as ProblemCode[]
const attr = (group: number, number: string, answer: string) =>
  `qemu-system-aarch64: KVM_SET_DEVICE_ATTR failed: Group ${group} attr ${number}: ${answer}`
const gic = 'Error while setting or getting device attributes for the GIC:'

describe('a message that is known', () => {
  test.each(messageNames.flatMap((name) => messageRow(name).says.map((says) => [says, name] as const)))(
    'is found by its text, with something before it and something in its places: %s',
    (says, name) => {
      const line = `[   12.345678] vmm: ${says.replace(/<\w+>/g, 'x1')}`
      expect(explainLine(line)).toMatchObject({ name, form: says })
    },
  )

  // Lines as users reported them, and as the formats in the sources make them.
  test.each`
    line                                                                                                              | name                              | errno        | attribute                                                                      | leadsTo
    ${attr(4, '0x0000000000000002', 'Invalid argument')}                                                              | ${'qemu-device-attr'}             | ${'EINVAL'}  | ${'KVM_DEV_ARM_ITS_RESTORE_TABLES'}                                            | ${'D203'}
    ${attr(4, '0x0000000000000002', 'Bad address')}                                                                   | ${'qemu-device-attr'}             | ${'EFAULT'}  | ${'KVM_DEV_ARM_ITS_RESTORE_TABLES'}                                            | ${'M702'}
    ${attr(4, '0x0000000000000002', 'File exists')}                                                                   | ${'qemu-device-attr'}             | ${'EEXIST'}  | ${'KVM_DEV_ARM_ITS_RESTORE_TABLES'}                                            | ${'C102'}
    ${attr(4, '0x0000000000000001', 'Permission denied')}                                                             | ${'qemu-device-attr'}             | ${'EACCES'}  | ${'KVM_DEV_ARM_ITS_SAVE_TABLES'}                                               | ${undefined}
    ${attr(4, '0x0000000000000003', 'No such device or address')}                                                     | ${'qemu-device-attr'}             | ${'ENXIO'}   | ${'KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES'}                                      | ${undefined}
    ${attr(8, '0x0000000000000004', 'Invalid argument')}                                                              | ${'qemu-device-attr'}             | ${'EINVAL'}  | ${'GITS_IIDR'}                                                                 | ${'R101'}
    ${attr(8, '0x0000000000000118', 'Device or resource busy')}                                                       | ${'qemu-device-attr'}             | ${'EBUSY'}   | ${'GITS_BASER3'}                                                               | ${undefined}
    ${attr(5, '0x0000000300000074', 'Device or resource busy')}                                                       | ${'qemu-device-attr'}             | ${'EBUSY'}   | ${'GICR_PROPBASER[63:32] of vCPU 3'}                                           | ${undefined}
    ${attr(6, '0x000001020000c64a', 'Invalid argument')}                                                              | ${'qemu-device-attr'}             | ${'EINVAL'}  | ${'ICC_AP1R2_EL1 of vCPU 18'}                                                  | ${undefined}
    ${attr(0, '0x0000000000000003', 'Argument list too long')}                                                        | ${'qemu-device-attr'}             | ${'E2BIG'}   | ${'the address KVM_VGIC_V3_REDIST_ADDR_TYPE'}                                  | ${undefined}
    ${attr(1073741825, '0x0000000000010000', 'Invalid argument')}                                                     | ${'qemu-device-attr'}             | ${'EINVAL'}  | ${'group 1073741825, which neither the GIC nor the ITS has'}                   | ${undefined}
    ${'KVM_GET_DEVICE_ATTR failed: Group 8 attr 0x0000000000000080: Device or resource busy'}                         | ${'qemu-device-attr'}             | ${'EBUSY'}   | ${'GITS_CBASER'}                                                               | ${undefined}
    ${`Failed to restore the VM's GIC state: ${gic} Bad address (os error 14)`}                                       | ${'firecracker-attribute'}        | ${'EFAULT'}  | ${undefined}                                                                   | ${'M702'}
    ${`Load snapshot error: Failed to restore the VM's GIC state: ${gic} Invalid argument (os error 22), true, 4`}    | ${'firecracker-attribute'}        | ${'EINVAL'}  | ${'a control: making the device ready, saving, restoring or resetting tables'} | ${'D203'}
    ${`${gic} Invalid argument (os error 22), true, 5`}                                                               | ${'firecracker-attribute'}        | ${'EINVAL'}  | ${'a register of a redistributor'}                                             | ${undefined}
    ${"Failed to restore the VM's GIC state: DeviceAttribute(Error(22))"}                                             | ${'firecracker-restore-gic'}      | ${'EINVAL'}  | ${undefined}                                                                   | ${'D203'}
    ${'Error restoring VM: VmRestore(RestoreGic(SetDeviceAttribute(SetDeviceAttribute(Bad address (os error 14)))))'} | ${'cloud-hypervisor-restore-gic'} | ${'EFAULT'}  | ${undefined}                                                                   | ${'D201'}
    ${`QEMU unexpectedly closed the monitor (vm='a'): 2026-01-01 qemu: ${attr(4, '0x2', 'Invalid argument')}`}        | ${'qemu-device-attr'}             | ${'EINVAL'}  | ${'KVM_DEV_ARM_ITS_RESTORE_TABLES'}                                            | ${'D203'}
    ${"error while loading state for instance 0x0 of device 'arm_gicv3_its'"}                                         | ${'qemu-loading-gic'}             | ${undefined} | ${undefined}                                                                   | ${undefined}
    ${"error while loading state for instance 0x0 of device 'cpu'"}                                                   | ${'qemu-loading-device'}          | ${undefined} | ${undefined}                                                                   | ${undefined}
    ${'load of migration failed: Invalid argument'}                                                                   | ${'qemu-load-failed'}             | ${'EINVAL'}  | ${undefined}                                                                   | ${undefined}
    ${'[  97.3] nvme nvme0: I/O 259 QID 2 timeout, completion polled'}                                                | ${'guest-nvme-polled'}            | ${undefined} | ${undefined}                                                                   | ${'N801'}
    ${'INFO: task kworker/0:1:33 blocked in I/O wait for more than 120 seconds.'}                                     | ${'guest-hung-task'}              | ${undefined} | ${undefined}                                                                   | ${'I304'}
    ${'INFO: task kworker/0:1:33 blocked for more than 120 seconds.'}                                                 | ${'guest-hung-task'}              | ${undefined} | ${undefined}                                                                   | ${'I304'}
    ${'virtio_net virtio0 eth0: NETDEV WATCHDOG: CPU: 1: transmit queue 0 timed out 5012 ms'}                         | ${'guest-netdev-watchdog'}        | ${undefined} | ${undefined}                                                                   | ${'D209'}
    ${'NETDEV WATCHDOG: eth0 (virtio_net): transmit queue 0 timed out'}                                               | ${'guest-netdev-watchdog'}        | ${undefined} | ${undefined}                                                                   | ${'D209'}
    ${'watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [qemu-system-aar:812]'}                                      | ${'host-soft-lockup'}             | ${undefined} | ${undefined}                                                                   | ${'M703'}
    ${'pc : vgic_its_save_tables_v0+0x27c/0x698'}                                                                     | ${'host-oops-in-save'}            | ${undefined} | ${undefined}                                                                   | ${undefined}
  `('$line', ({ line, name, errno, attribute, leadsTo }) => {
    const found = explainLine(line)
    expect([found?.name, found?.errno, found?.attribute?.names]).toEqual([name, errno, attribute])
    expect(found?.problems).toEqual(leadsTo === undefined ? [] : expect.arrayContaining([leadsTo]))
  })

  it('leads to no problem that answers another errno', () => {
    const { problems: found } = explainLine(attr(4, '0x2', 'File exists'))!
    expect(found).toEqual(['C102'])
  })

  it('names what to do next, by what was answered', () => {
    const next = (line: string) => explainLine(line)?.next
    expect(next(attr(4, '0x2', 'Invalid argument'))).toEqual(['check'])
    expect(next(attr(4, '0x2', 'Bad address'))).toEqual(['check', 'pages'])
    expect(next(attr(4, '0x2', 'Device or resource busy'))).toEqual(['lint'])
    expect(next(attr(4, '0x1', 'Permission denied'))).toEqual(['live', 'kernels'])
    expect(next(attr(4, '0x4', 'No such device or address'))).toEqual(['kernels'])
  })
})

describe('a log', () => {
  it('gives each message once, with its first line and how often it stands there', () => {
    const log = new LogReader()
    const polled = 'nvme nvme0: I/O tag 1 (100c) QID 2 timeout, completion polled'
    for (const line of ['boot', polled, attr(4, '0x2', 'Bad address'), polled, attr(4, '0x2', 'Invalid argument')]) log.read(line)
    expect(log.messages.map(({ name, line, times, errno }) => [name, line, times, errno])).toEqual([
      ['guest-nvme-polled', 2, 2, undefined],
      ['qemu-device-attr', 3, 1, 'EFAULT'],
      ['qemu-device-attr', 5, 1, 'EINVAL'],
    ])
    expect(log.lines).toBe(5)
  })

  it('leaves out what only reports another message, unless it is all there is', () => {
    const read = (...lines: string[]) => {
      const log = new LogReader()
      for (const line of lines) log.read(line)
      return log.messages.map(({ name }) => name)
    }
    const wrapper = 'Unexpected error in kvm_device_access() at ../accel/kvm/kvm-all.c:3477:'
    expect(read(wrapper)).toEqual(['qemu-device-access'])
    expect(read(wrapper, attr(4, '0x2', 'Invalid argument'))).toEqual(['qemu-device-attr'])
  })

  it('of whatever text is read without an error, and of a line of any length in no time', () => {
    const word = fc.constantFrom(
      'KVM_SET_DEVICE_ATTR failed: Group',
      ' attr ',
      ': ',
      'GIC: ',
      'Error(',
      '99999999999999999999',
      '-22',
      '<x>',
      '0x',
    )
    const text = fc.array(fc.oneof(word, fc.string())).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (line) => {
        const log = new LogReader()
        log.read(line)
        expect(log.messages.length).toBeLessThan(2)
        expect(nearestMessages(line).length).toBeLessThan(4)
      }),
    )
    const start = performance.now()
    for (const name of messageNames) {
      for (const says of messageRow(name).says) explainLine(says.replace(/.$/, '').repeat(200).slice(0, 4096))
    }
    expect(performance.now() - start).toBeLessThan(2000)
  })

  it('that is not known is like some that are, the nearest first', () => {
    expect(nearestMessages('virsh: DEVICE_ATTR went wrong for group 4')[0]).toBe('qemu-device-attr')
    expect(nearestMessages('kernel: nvme timeout, completed')[0]).toBe('guest-nvme-polled')
    expect(nearestMessages('lorem ipsum dolor')).toEqual([])
  })
})

describe('an errno', () => {
  it.each(Object.keys(errnos) as Errno[])('%s is known by its name and number, and in the words of strerror', (errno) => {
    for (const word of [errno, errno.toLowerCase(), `${errnos[errno]}`, `-${errnos[errno]}`]) expect(errnoNamed(word)).toBe(errno)
    expect(explainLine(attr(4, '0x2', errnoTexts[errno]))?.errno).toBe(errno)
    expect(explainErrno(errno)).toMatchObject({ errno, number: errnos[errno], text: errnoTexts[errno] })
  })

  it('tells which calls answer it, at which entries a restore ends so, and by which problems', () => {
    const { calls, objections, problems: found } = explainErrno('EEXIST')
    expect(calls).toContainEqual({
      device: 'ITS',
      name: 'KVM_DEV_ARM_ITS_RESTORE_TABLES',
      because: 'a collection is mapped already',
    })
    expect(objections.map(({ what }) => what)).toEqual(['CTE'])
    expect(found).toEqual(['C102'])
  })
})

describe('a problem', () => {
  it.each(problemCases.filter(({ errno }) => errno !== undefined).map((one) => [one.code, one.when, one.errno!] as const))(
    '%s says that it ends a restore as measured: %s',
    (code, _when, errno) => {
      const { answers = {} } = problemRow(code)
      expect(Object.values(answers).flat()).toContain(errno)
    },
  )

  it('that ends a restore or loses interrupts is told by messages, and a gap by none', () => {
    for (const code of codes) {
      const { usually, isGap } = problemRow(code)
      if (usually === 'fails' || usually === 'corrupts') expect(messagesOf(code), code).not.toEqual([])
      else if (isGap && problemRow(code).stalls !== true) expect(messagesOf(code), code).toEqual([])
    }
    expect(messagesOf('D203')).toContain('qemu-device-attr')
    expect(messagesOf('N801')).toContain('guest-nvme-polled')
  })
})
