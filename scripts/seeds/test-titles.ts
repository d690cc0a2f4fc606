import ts from 'typescript'

/** A test as it stands in its file. */
export interface WrittenTest {
  /** The titles of what it stands in and its own, as written: with `%s` where a table fills something in. */
  readonly name: string
  /** The tables whose rows its name and those around it are filled from, as written. */
  readonly tables: string
}

const asked = new Set(['it', 'test'])
/** A test with one of these is not run, or not asked to hold. */
const passedOver = new Set(['skip', 'todo', 'skipIf', 'runIf', 'fails'])

/** Every test of a file's text that is run. */
export function testsIn(text: string): WrittenTest[] {
  const file = ts.createSourceFile('a.test.ts', text, ts.ScriptTarget.Latest, true)
  const found: WrittenTest[] = []
  const visit = (node: ts.Node, around: WrittenTest): void => {
    const call = ts.isCallExpression(node) ? testCall(node) : undefined
    if (call === undefined) {
      ts.forEachChild(node, (child) => visit(child, around))
      return
    }
    if (call.modifiers.some((name) => passedOver.has(name))) return
    const here = { name: [around.name, call.title].filter(Boolean).join(' '), tables: `${around.tables}${call.table}` }
    if (asked.has(call.root)) found.push(here)
    else for (const argument of (node as ts.CallExpression).arguments) visit(argument, here)
  }
  visit(file, { name: '', tables: '' })
  return found
}

/** `it('…')`, `describe.each(table)('…')`, test.each`table`('…'). */
function testCall({ expression, arguments: [first] }: ts.CallExpression) {
  if (first === undefined || !(ts.isStringLiteralLike(first) || ts.isTemplateExpression(first))) return undefined
  const modifiers: string[] = []
  let table = ''
  let at: ts.Node = expression
  while (!ts.isIdentifier(at)) {
    if (ts.isPropertyAccessExpression(at)) {
      modifiers.push(at.name.text)
      at = at.expression
    } else if (ts.isCallExpression(at)) {
      table += at.arguments.map((argument) => argument.getText()).join(' ')
      at = at.expression
    } else if (ts.isTaggedTemplateExpression(at)) {
      table += at.template.getText()
      at = at.tag
    } else return undefined
  }
  if (!asked.has(at.text) && at.text !== 'describe') return undefined
  return { root: at.text, modifiers, table, title: ts.isStringLiteralLike(first) ? first.text : first.getText().slice(1, -1) }
}
