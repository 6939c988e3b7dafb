import { estimateTokens } from '@deltawire/node'
import { randomNumbers } from '../random-numbers.ts'

/** Words of one token each, with the space before them, for the tokenizers of most models. */
const words =
  'about after again air all also and animal any back before book boy brother car change child city close come country cut day door each early earth eat end every eye face family far father few find fire first fish five food foot form four friend game garden give good great green group grow half hand head hear help high hold home horse house idea keep kind know land large late learn leave left letter life light line list little live long look main make man many mark mean milk mind money moon morning mother move music name near never next night north note number old open order other page paper part people person picture place plain plan plant play point power press price quick quiet rain reach ready red rest right river road rock room round run school sea second seven ship short show side simple sing six size sleep small snow song sound south stand star start state step stone stop story street strong study summer sun table take talk ten test thing think three time today top town tree true turn two under unit voice wait walk wall war warm watch water way week west white wind winter woman wood word work world year young'.split(
    ' ',
  )

const opening = 'Continue this list of words:'

/**
 * A prompt of about so many tokens, with words by lot, which are the same in every run.
 *
 * @param number another number is another prompt: a server that keeps what it has read can use no more than its opening
 */
export function promptOf(tokens: number, number: number): string {
  const random = randomNumbers(number)
  const rest = tokens - Math.round(estimateTokens(opening))
  const list = Array.from({ length: rest > 0 ? rest : tokens }, () => words[Math.floor(random() * words.length)])
  return [...(rest > 0 ? [opening] : []), ...list].join(' ')
}
