import { compileThing, problemsOf, ruleInput } from './support/network-source.js'
import type { JsonObject } from '../src/base/json.js'
let seed=1; const rnd=()=>(seed=(seed*1103515245+12345)&0x7fffffff)/0x7fffffff
const ab=(n:number)=>Array.from({length:n},()=>rnd()<0.5?'a':'b').join('')
  const properties: JsonObject = {
    list: { type: 'array', maxItems: 40, items: { type: 'integer' } },
    words: { type: 'array', maxItems: 20, items: { type: 'string', maxLength: 200 } },
    text: { type: 'string', maxLength: 500 }, i: {type:'integer'}, vin: {type:'string', maxLength: 17},
    days: { type: 'array', maxItems: 300, items: { type: 'string', format: 'date-time' } }, day: {type:'string', format:'date-time'},
    amounts: { type: 'array', maxItems: 500, items: { type: 'decimal', scale: 15 } }, d: {type:'decimal', scale:2},
    e: {type:'decimal', scale:2}
  }
  const record: JsonObject = { i: 5, d:'12.50', e:'12.49', vin: 'WVWZZZ1KZAW000001', day: '2024-02-29T23:30:00.123456789-02:00',
    list: Array.from({ length: 40 }, (_, index) => index),
    words: Array.from({ length: 20 }, (_, index) => `${'a'.repeat(190)}${index}`),
    text: process.argv[2] === 'b' ? ab(500) : 'a'.repeat(500),
    days: Array.from({ length: 300 }, () => '2024-02-29T23:30:00.123456789-02:00'),
    amounts: Array.from({ length: 500 }, () => '999999999999999999.999999999999999')
  }
for (const expr of ['record.i >= 5', 'record.i >= 5 || record.i >= 5', 'record.d >= record.e','record.d * record.e > 0','record.day > "2024-01-01T00:00:00Z"','record.vin == "WVWZZZ1KZAW000001"',
    'record.vin.matches("^[A-HJ-NPR-Z0-9]{17}$")',
    'record.list.all(x, record.list.all(y, x + y >= 0))',
    'record.list.all(x, record.list.exists(y, y == x))',
    'record.words.all(x, record.words.all(y, x + "b" != y))',
    'record.words.all(x, x.lowerAscii().size() > 5)',
    'record.words.all(x, !x.contains("aaaaaaaaab"))',
    '!record.text.contains("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")',
    'record.text.matches("^(a|b)*a?$")', 'record.text.matches("(a|b)*a(a|b){12}$")||true','record.text.matches("(a|b)*a(a|b){30}[ab]")||true','record.text.matches("^(a|b)*a(a|b){60}$")||true','!record.text.matches("(.*a){20}b")||true','record.text.matches("(?i)^[\\\\p{L}]{1,500}$")', 'record.text.matches("(x+x+)+y")||true',
    'size(record.text) == 500',
    'record.days.all(day, day > "2024-01-01T00:00:00Z")',
    'record.amounts.map(amount, amount * 1.5).sum() > 0', 'record.list.map(x, x*x).filter(x, x > 3).size() > 0']) {
  let cost=0; try { cost = Number(/cost ([0-9]+) units/.exec(problemsOf({properties, expr}, 0)[0]!.problem)?.[1]) } catch {}
  const o = compileThing({ properties, expr }); const input = ruleInput({ record })
  const n = cost > 500 ? 200 : 200000
  for (let i=0;i<Math.max(20,n/10);i++) o.checkRules(input)
  const t=performance.now(); for (let i=0;i<n;i++) o.checkRules(input)
  const us=(performance.now()-t)/n*1000
  console.log(us.toFixed(3).padStart(9)+'us', String(cost).padStart(6), (us*10/cost).toFixed(2).padStart(6)+' of allowance', expr, JSON.stringify(o.checkRules(input))?.slice(0,90))
}
