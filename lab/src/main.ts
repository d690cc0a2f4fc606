type Command = (args: string[]) => Promise<number>

const KERNEL = '[--kernel 6.12|6.1|VERSION|VMLINUZ]'

/** Loaded when asked for: each draws in what it needs, and no more. */
const commands: Readonly<Record<string, { readonly usage: string; readonly load: () => Promise<Command> }>> = {
  bpftrace: { usage: 'bpftrace [--out FILE]', load: async () => (await import('./commands/bpftrace.ts')).bpftrace },
  captures: { usage: 'captures [--out FOLDER]', load: async () => (await import('./commands/captures.ts')).captures },
  fuzz: {
    usage: `fuzz ${KERNEL} [--cases N] [--seed S] [--profile ID] [--plus QUIRK,...] [--minus QUIRK,...]`,
    load: async () => (await import('./commands/fuzz.ts')).fuzz,
  },
  guests: {
    usage: 'guests [--list] [--only MACHINE]... [--host fixed|unfixed]... [--out FOLDER] [--again]',
    load: async () => (await import('./commands/guests.ts')).guests,
  },
  hang: { usage: 'hang [--out FOLDER]', load: async () => (await import('./commands/hang.ts')).hang },
  heads: {
    usage: `heads ${KERNEL} [--cases N] [--seed S] [--profile ID]`,
    load: async () => (await import('./commands/heads.ts')).heads,
  },
  identify: {
    usage: 'identify KERNEL|VMLINUZ [--cases N] [--seed S]',
    load: async () => (await import('./commands/identify.ts')).identify,
  },
  live: { usage: 'live [--kernel 6.12|VERSION]', load: async () => (await import('./commands/live.ts')).live },
  load: {
    usage: 'load [--only MACHINE]... [--saves N] [--out FOLDER] [--again]',
    load: async () => (await import('./commands/load.ts')).load,
  },
  manners: {
    usage: 'manners [MANNER...] [--kernel 6.12|6.1|unfixed|VMLINUZ] [--count N] [--seed S] [--list]',
    load: async () => (await import('./commands/manners.ts')).manners,
  },
  play: { usage: `play ${KERNEL} < STEPS.json`, load: async () => (await import('./commands/play.ts')).play },
  quirks: {
    usage: `quirks ${KERNEL} [--cases N] [--seed S] [--profile ID] [--plus QUIRK,...] [--minus QUIRK,...]`,
    load: async () => (await import('./commands/quirks.ts')).measureQuirks,
  },
  record: {
    usage: `record [SCENARIO...] [--handwritten] [--histories N] [--seed S] ${KERNEL} [--out FOLDER]`,
    load: async () => (await import('./commands/record.ts')).record,
  },
  seal: {
    usage: `seal ${KERNEL} [--cases N] [--seed S] [--profile ID]`,
    load: async () => (await import('./commands/seal.ts')).seal,
  },
  trace: { usage: `trace ${KERNEL} [--out FOLDER]`, load: async () => (await import('./commands/trace.ts')).trace },
  replay: { usage: `replay [FILE|FOLDER]... ${KERNEL}`, load: async () => (await import('./commands/replay.ts')).replay },
}

async function main([name = '', ...args]: string[]): Promise<number> {
  const command = commands[name]
  if (command === undefined) {
    const lines = Object.values(commands).map(({ usage }) => `  npm run lab -- ${usage}`)
    process.stderr.write(`${['Usage:', ...lines].join('\n')}\n`)
    return 2
  }
  try {
    return await (await command.load())(args)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
