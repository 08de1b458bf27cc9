import { escaped } from './svg-text.js'

/** A line of a chart. */
export interface Series {
  readonly name: string
  /** Sorted by x. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Chart {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly series: readonly Series[]
}

const WIDTH = 720
const HEIGHT = 400
const LEFT = 80
const RIGHT = 40
const TOP = 70
const BOTTOM = 60
const TICKS = 6
const COLOURS = ['#1f5fa8', '#b3541e', '#3c7d3c', '#7a3c8a'] as const

/**
 * Draws lines as SVG: both axes from 0, ticks at round numbers, each series with a colour and its name.
 * @throws RangeError without a point, or with more series than colours
 */
export function lineChart({ title, xLabel, yLabel, series }: Chart): string {
  const points = series.flatMap((one) => one.points)
  if (points.length === 0) throw new RangeError('a chart needs a point')
  if (series.length > COLOURS.length) throw new RangeError(`a chart has ${COLOURS.length} lines at most`)
  const xs = ticksUpTo(Math.max(...points.map(([x]) => x)))
  const ys = ticksUpTo(Math.max(...points.map(([, y]) => y)))
  const xOf = (x: number): number => rounded(LEFT + (x / xs.at(-1)!) * (WIDTH - LEFT - RIGHT))
  const yOf = (y: number): number => rounded(HEIGHT - BOTTOM - (y / ys.at(-1)!) * (HEIGHT - TOP - BOTTOM))
  const parts = [
    text(WIDTH / 2, 24, title, 'middle', ' font-size="16"'),
    ...xs.map((x) => line(xOf(x), yOf(0), xOf(x), yOf(0) + 5, '#444') + text(xOf(x), yOf(0) + 20, label(x), 'middle')),
    ...ys.map((y) => line(xOf(0), yOf(y), WIDTH - RIGHT, yOf(y), '#ddd') + text(LEFT - 8, yOf(y) + 4, label(y), 'end')),
    line(xOf(0), yOf(0), WIDTH - RIGHT, yOf(0), '#444'),
    line(xOf(0), yOf(0), xOf(0), TOP, '#444'),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, xLabel, 'middle'),
    text(LEFT, TOP - 12, yLabel, 'start'),
    ...series.map(({ name, points: own }, index) => {
      const colour = COLOURS[index]!
      const path = own.map(([x, y]) => `${xOf(x)},${yOf(y)}`).join(' ')
      const marks = own.map(([x, y]) => `<circle cx="${xOf(x)}" cy="${yOf(y)}" r="3" fill="${colour}"/>`).join('')
      const legend = text(WIDTH - RIGHT - (series.length - 1 - index) * 110, TOP - 12, name, 'end', ` fill="${colour}"`)
      return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${marks}${legend}`
    })
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${parts.join('\n')}
</svg>
`
}

/** From 0 to at least the largest value, in steps of 1, 2 or 5 times a power of ten. */
export function ticksUpTo(largest: number): number[] {
  const least = (largest > 0 ? largest : 1) / TICKS
  const power = 10 ** Math.floor(Math.log10(least))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least * 0.999_999)!
  const count = Math.ceil((largest > 0 ? largest : 1) / step - 0.000_001)
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

function label(value: number): string {
  return value >= 10_000 ? value.toLocaleString('en-US') : String(value)
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colour}"/>`
}

function text(x: number, y: number, words: string, anchor: string, more = ''): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${more}>${escaped(words)}</text>`
}

function rounded(value: number): number {
  return Number(value.toFixed(1))
}
