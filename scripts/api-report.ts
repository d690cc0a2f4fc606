import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import ts from 'typescript'
import type { GeneratedDoc } from './generated-doc.ts'

const { exports: doors } = JSON.parse(readFileSync('core/package.json', 'utf8')) as { exports: Record<string, unknown> }

/** `docs/api/its.md` for `./its`, one page for each door of the library: what a change of its surface shows in. */
export const apiPages: readonly GeneratedDoc[] = Object.keys(doors)
  .filter((door) => !door.endsWith('.json'))
  .map((door) => {
    const room = door === '.' ? '' : door.slice(2)
    return { path: `docs/api/${room || 'core'}.md`, content: () => apiPage(room) }
  })

let compiled: ts.Program | undefined

/** The sources as the packages are compiled, checked once for all pages. */
function program(): ts.Program {
  const config = ts.getParsedCommandLineOfConfigFile(
    'core/tsconfig.json',
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )
  compiled ??= ts.createProgram(config!.fileNames, { ...config!.options, noEmit: true })
  return compiled
}

function apiPage(room: string): string {
  const checker = program().getTypeChecker()
  const door = program().getSourceFile(resolve('core/src', room, 'index.ts'))!
  const names = checker.getExportsOfModule(checker.getSymbolAtLocation(door)!)
  const lines = names
    .map((symbol) => ({ name: symbol.name, text: declarationOf(symbol, checker) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ text }) => text)
  const title = `@vits/core${room === '' ? '' : `/${room}`}`
  return `<!-- Printed from core/src by \`npm run docs\`. -->\n# ${title}\n\n${lines.length} names.\n\n\`\`\`ts\n${lines.join('\n')}\n\`\`\`\n`
}

/** What an export is, without bodies and private parts. */
function declarationOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const [declaration] = target.declarations ?? []
  if (declaration === undefined) throw new Error(`${symbol.name} is declared nowhere`)
  if (ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration)) return sourceOf(declaration)
  if (ts.isClassDeclaration(declaration)) return classOf(declaration, target, checker)
  const type = checker.getTypeOfSymbol(target)
  const shown = checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation)
  return `${ts.isFunctionDeclaration(declaration) ? 'function' : 'const'} ${symbol.name}: ${shown}`
}

function sourceOf(declaration: ts.Declaration): string {
  const printer = ts.createPrinter({ removeComments: true, omitTrailingSemicolon: true })
  return printer.printNode(ts.EmitHint.Unspecified, declaration, declaration.getSourceFile()).replace(/^export /, '')
}

function classOf(declaration: ts.ClassDeclaration, symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const heritage = declaration.heritageClauses?.map((clause) => ` ${clause.getText()}`).join('') ?? ''
  const parameters = declaration.typeParameters?.map((parameter) => parameter.getText()).join(', ')
  const members = declaration.members.flatMap((member) => memberLine(member, checker))
  const name = `${symbol.name}${parameters === undefined ? '' : `<${parameters}>`}`
  return [`class ${name}${heritage} {`, ...members.map((line) => `    ${line}`), '}'].join('\n')
}

function memberLine(member: ts.ClassElement, checker: ts.TypeChecker): string[] {
  if (ts.isConstructorDeclaration(member)) return [`constructor(${member.parameters.map((one) => one.getText()).join(', ')})`]
  if (member.name === undefined || ts.isPrivateIdentifier(member.name)) return []
  const words =
    (ts.canHaveModifiers(member) ? ts.getModifiers(member) : undefined)?.map((one) => `${one.getText()} `).join('') ?? ''
  const type = checker.typeToString(checker.getTypeAtLocation(member), undefined, ts.TypeFormatFlags.NoTruncation)
  const kind = ts.isGetAccessor(member) ? 'get ' : ts.isSetAccessor(member) ? 'set ' : ''
  return [`${words}${kind}${member.name.getText()}: ${type}`]
}
