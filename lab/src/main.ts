type Command = (args: string[]) => Promise<number>

interface Listed {
  /** Its words and options. */
  readonly usage: string
  readonly summary: string
  readonly load: () => Promise<Command>
  /** What there is to say beyond the summary. */
  readonly details?: () => Promise<string>
}

const KERNEL = '[--kernel 6.12|6.1|VERSION|VMLINUZ]'
const CASES = '[--cases N] [--seed S]'
const MODEL = '[--profile ID] [--plus QUIRK,...] [--minus QUIRK,...]'

/** Loaded when asked for: each draws in what it needs, and no more. */
const commands: Readonly<Record<string, Listed>> = {
  test: {
    usage:
      'test --kernel IMAGE [--initrd FILE] [--profile ID] [--cases N] [--seed S] [--append WORDS] [--cpu NAME] [--json|--tap]',
    summary: 'your own kernel: answers as which profile, or what differs, each with the shortest history that shows it',
    load: async () => (await import('./commands/test.ts')).test,
    details: async () => (await import('./commands/test.ts')).testHelp(),
  },
  identify: {
    usage: `identify KERNEL|VMLINUZ ${CASES}`,
    summary: 'which quirks a kernel has, whatever its version says',
    load: async () => (await import('./commands/identify.ts')).identify,
  },
  fuzz: {
    usage: `fuzz ${KERNEL} ${CASES} ${MODEL} [--keep]`,
    summary: 'random histories on a kernel and on the model, side by side',
    load: async () => (await import('./commands/fuzz.ts')).fuzz,
  },
  seal: {
    usage: `seal ${KERNEL} ${CASES} [--profile ID]`,
    summary: 'what the model has sealed, restored by a kernel',
    load: async () => (await import('./commands/seal.ts')).seal,
  },
  heads: {
    usage: `heads ${KERNEL} ${CASES} [--profile ID]`,
    summary: 'dummy heads in the tables: does a kernel mind that knows none?',
    load: async () => (await import('./commands/heads.ts')).heads,
  },
  scope: {
    usage: `scope [NAME...] [--kernel all|VERSION,...] [--paths N] [--states N] ${MODEL} [--keep] [--record FOLDER]`,
    summary: 'histories of scopes that were gone through exhaustively, on kernels and on the model, side by side',
    load: async () => (await import('./commands/scope.ts')).scope,
  },
  quirks: {
    usage: `quirks ${KERNEL} ${CASES} ${MODEL}`,
    summary: 'which random history tells the model from one with a quirk more or less',
    load: async () => (await import('./commands/quirks.ts')).measureQuirks,
  },
  replay: {
    usage: `replay [FILE|FOLDER]... ${KERNEL}`,
    summary: 'recordings, played on the kernels that made them',
    load: async () => (await import('./commands/replay.ts')).replay,
  },
  record: {
    usage: `record [SCENARIO...] [--handwritten] [--histories N] [--seed S] ${KERNEL} [--out FOLDER]`,
    summary: 'what a kernel answers, as recordings',
    load: async () => (await import('./commands/record.ts')).record,
  },
  play: {
    usage: `play ${KERNEL} < STEPS.json`,
    summary: 'steps from standard input, for other programs: vits prove',
    load: async () => (await import('./commands/play.ts')).play,
  },
  trace: {
    usage: `trace ${KERNEL} [--out FOLDER]`,
    summary: 'a save and a restore in the right order and in each wrong one, as vits lint reads them',
    load: async () => (await import('./commands/trace.ts')).trace,
  },
  bpftrace: {
    usage: 'bpftrace [--out FILE]',
    summary: 'the program of vits lint --script, while a real QEMU saves and restores',
    load: async () => (await import('./commands/bpftrace.ts')).bpftrace,
  },
  guests: {
    usage: 'guests [--list] [--only MACHINE]... [--host fixed|unfixed]... [--out FOLDER] [--again]',
    summary: 'real guests that live, are saved, judged and restored',
    load: async () => (await import('./commands/guests.ts')).guests,
  },
  load: {
    usage: 'load [--only MACHINE]... [--saves N] [--out FOLDER] [--again]',
    summary: 'guests under I/O without pause: is an interrupt lost?',
    load: async () => (await import('./commands/load.ts')).load,
  },
  hang: {
    usage: 'hang [--out FOLDER]',
    summary: 'an interrupt is taken out of a save, found missing, and mended',
    load: async () => (await import('./commands/hang.ts')).hang,
  },
  manners: {
    usage: 'manners [MANNER...] [--kernel 6.12|6.1|unfixed|VMLINUZ] [--count N] [--seed S] [--list]',
    summary: 'guests of odd manners: saved, judged, restored, repaired',
    load: async () => (await import('./commands/manners.ts')).manners,
  },
  live: {
    usage: 'live [--kernel 6.12|VERSION]',
    summary: 'vits live, held against a save',
    load: async () => (await import('./commands/live.ts')).live,
  },
  captures: {
    usage: 'captures [--out FOLDER]',
    summary: 'one moment of a VM in everything that QEMU writes',
    load: async () => (await import('./commands/captures.ts')).captures,
  },
}

const WIDTH = Math.max(...Object.keys(commands).map((name) => name.length))

const list = () =>
  ['Usage: npm run lab -- COMMAND ...', '']
    .concat(Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(WIDTH)}  ${summary}`))
    .concat(['', 'npm run lab -- COMMAND --help says more of one; npm run lab:setup fetches what they need.', ''])
    .join('\n')

const isHelp = (word: string) => word === '--help' || word === '-h'

async function helpOf({ usage, summary, details }: Listed): Promise<string> {
  return `Usage: npm run lab -- ${usage}\n\n${details === undefined ? `${summary}\n` : await details()}`
}

async function main([name = '', ...args]: string[]): Promise<number> {
  const command = commands[name]
  if (command === undefined) {
    const asked = name === '' || name === 'help' || isHelp(name)
    process[asked ? 'stdout' : 'stderr'].write(asked ? list() : `the lab has no command ${name}\n\n${list()}`)
    return asked ? 0 : 2
  }
  if (args.some(isHelp)) {
    process.stdout.write(await helpOf(command))
    return 0
  }
  try {
    return await (await command.load())(args)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
