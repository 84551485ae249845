import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { drawRooms } from './drawing.ts'

/**
 * `npm run measure`: how dense the code of `src` is. With `--write` the figures and the drawing of
 * the rooms go into docs/architecture.md. A token is a leaf of the syntax tree; a function's
 * tokens include those of the functions inside it. Shares per 1,000 lines count every line.
 */

const ROOT = join(import.meta.dirname, '..')
const DOCUMENT = join(ROOT, 'docs/architecture.md')

export interface Measures {
  files: number
  lines: number
  codeLines: number
  meanWidth: number
  wideShare: number
  tokensMedian: number
  tokensP90: number
  largest: { tokens: number, name: string }
  exportsPer1000: number
  docCommentsPer1000: number
}

/** Measures every TypeScript file below a folder. */
export function measure (folder: string): Measures {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
  const files = paths.map(path => measureFile(path, readFileSync(join(folder, path), 'utf8')))
  const widths = files.flatMap(file => file.widths)
  const functions = files.flatMap(file => file.functions).sort((a, b) => a.tokens - b.tokens)
  const at = (share: number) => functions[Math.floor(share * (functions.length - 1))]?.tokens ?? 0
  const lines = sum(files.map(file => file.lines))
  const per1000 = (count: number) => count / lines * 1000
  return {
    files: files.length,
    lines,
    codeLines: widths.length,
    meanWidth: sum(widths) / widths.length,
    wideShare: widths.filter(width => width > 100).length / widths.length,
    tokensMedian: at(0.5),
    tokensP90: at(0.9),
    largest: functions.at(-1) ?? { tokens: 0, name: 'none' },
    exportsPer1000: per1000(sum(files.map(file => file.exports))),
    docCommentsPer1000: per1000(sum(files.map(file => file.docComments)))
  }
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

function measureFile (path: string, text: string) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const functions: { tokens: number, name: string }[] = []
  let exports = 0
  const visit = (node: ts.Node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      functions.push({ tokens: leavesOf(node).length, name: `${path}: ${nameOf(node)}` })
    }
    if (ts.canHaveModifiers(node)) {
      exports += ts.getModifiers(node)?.filter(isExport).length ?? 0
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  const code = withoutComments(source).split('\n').filter(line => line.trim() !== '')
  const docComments = text.match(/\/\*\*/g)?.length ?? 0
  return {
    functions,
    exports,
    docComments,
    widths: code.map(line => line.length),
    lines: text.split('\n').length - 1
  }
}

const isExport = ({ kind }: ts.ModifierLike) => kind === ts.SyntaxKind.ExportKeyword

function nameOf (node: ts.SignatureDeclaration): string {
  const { name } = node.name === undefined && 'name' in node.parent
    ? node.parent as { name?: ts.Node }
    : node
  return name?.getText() ?? 'a function without a name'
}

/** The leaves of the syntax tree: names, literals, operators and marks. */
function leavesOf (node: ts.Node): ts.Node[] {
  const children = node.getChildren()
  if (children.length === 0) return node.getWidth() > 0 ? [node] : []
  return children.filter(child => !ts.isJSDoc(child)).flatMap(leavesOf)
}

function withoutComments (source: ts.SourceFile): string {
  const gaps = leavesOf(source).map(leaf => [leaf.getFullStart(), leaf.getStart()] as const)
  const tail = [gaps.length === 0 ? 0 : source.endOfFileToken.getFullStart(), source.end] as const
  let code = source.text
  for (const [from, to] of [...gaps, tail].reverse()) {
    const gap = code.slice(from, to).replace(/\/\*[^]*?\*\/|\/\/.*/g, '')
    code = code.slice(0, from) + gap + code.slice(to)
  }
  return code
}

/** The figures as a table of Markdown. */
export function tableOf (measures: Measures): string {
  const { files, lines, codeLines, meanWidth, wideShare, largest } = measures
  return [
    '| figure | value |',
    '|---|---|',
    `| files; lines; lines of code | ${files}; ${lines}; ${codeLines} |`,
    `| mean width of a line; lines over 100 | ${meanWidth.toFixed(0)}; ${
      (wideShare * 100).toFixed(1)
    } % |`,
    `| tokens of a function, median / p90 | ${measures.tokensMedian} / ${measures.tokensP90} |`,
    `| largest function | ${largest.tokens} tokens: \`${largest.name}\` |`,
    `| exports per 1,000 lines | ${measures.exportsPer1000.toFixed(0)} |`,
    `| doc comments per 1,000 lines | ${measures.docCommentsPer1000.toFixed(0)} |`
  ].join('\n')
}

/** Puts a text between `<!-- name -->` and `<!-- /name -->`. */
function fill (document: string, name: string, text: string): string {
  const place = new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- /${name} -->)`)
  return document.replace(place, (_, open, close) => `${open}${text}\n${close}`)
}

function main (args: string[]): void {
  const table = tableOf(measure(join(ROOT, 'src')))
  console.log(table)
  if (!args.includes('--write')) return
  const text = readFileSync(DOCUMENT, 'utf8')
  const drawn = fill(text, 'rooms', drawRooms(join(ROOT, 'src')))
  writeFileSync(DOCUMENT, fill(drawn, 'figures', table))
}

if (import.meta.main) main(process.argv.slice(2))
