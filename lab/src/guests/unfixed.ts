import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { kernelImage } from '../cache.ts'
import type { NestedHost } from './nested-host.ts'
import { hostKernel, parts } from './parts.ts'

/** `mov w0, #0`: the call was made and all went well. */
const SUCCEED = 0x52800000
const BRANCH_WITH_LINK = 0x94000000
const OPCODE = 0xfc000000

/** The symbols that the patch needs: where the image begins, and the functions between which it changes calls. */
interface Symbols {
  readonly text: bigint
  readonly writeGuest: bigint
  readonly commands: bigint
  readonly commandsEnd: bigint
}

/**
 * The image of a host's kernel without the two writes that clear an entry when its device or event is unmapped, as kernels
 * before "Clear DTE when MAPD unmaps a device" were: they leave orphans. `host` runs the kernel as it is and says where they are.
 *
 * @param kernel as `--kernel` names it
 * @throws Error when the command handlers do not call kvm_write_guest exactly twice.
 */
export async function unfixedKernel(bootFixed: () => Promise<NestedHost>, kernel: string = hostKernel): Promise<string> {
  const path = `${parts.folder}vmlinuz-unfixed${kernel === hostKernel ? '' : `-${kernel}`}`
  if (existsSync(path)) return path
  const host = await bootFixed()
  try {
    const image = readFileSync(kernelImage(kernel))
    withoutClearing(image, await symbolsOf(host))
    writeFileSync(path, image)
    return path
  } finally {
    host.stop()
  }
}

async function symbolsOf(host: NestedHost): Promise<Symbols> {
  const list = await host.shell.must(`grep -E -A1 ' (_text|kvm_write_guest|vgic_its_process_commands)$' /proc/kallsyms`, 300)
  const lines = list.split('\n').map((line) => line.split(' '))
  const find = (name: string) => {
    const index = lines.findIndex((words) => words[2] === name)
    if (index < 0) throw new Error(`this kernel has no symbol ${name}`)
    return index
  }
  const address = (index: number) => BigInt(`0x${lines[index]![0]}`)
  const commands = find('vgic_its_process_commands')
  return {
    text: address(find('_text')),
    writeGuest: address(find('kvm_write_guest')),
    commands: address(commands),
    commandsEnd: address(commands + 1),
  }
}

/** Lets each call of kvm_write_guest in the command handlers do nothing. */
export function withoutClearing(image: Buffer, symbols: Symbols): void {
  const from = Number(symbols.commands - symbols.text)
  const to = Number(symbols.commandsEnd - symbols.text)
  const target = Number(symbols.writeGuest - symbols.text)
  const calls = []
  for (let at = from; at < to; at += 4) {
    const word = image.readUInt32LE(at)
    if ((word & OPCODE) >>> 0 === BRANCH_WITH_LINK && at + ((word << 6) >> 4) === target) calls.push(at)
  }
  if (calls.length !== 2) throw new Error(`the handlers of ITS commands call kvm_write_guest ${calls.length} times, not twice`)
  for (const at of calls) image.writeUInt32LE(SUCCEED, at)
}
