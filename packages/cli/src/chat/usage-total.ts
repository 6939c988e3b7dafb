import type { AnswerRecord } from '../store/record.ts'

/** What several answers took together. */
export interface UsageTotal {
  add(answer: AnswerRecord): void
  /** `2 answers · 28 in · 84 out · $0.0041`; what is estimated in part has a `~`. */
  text(): string
}

export function createUsageTotal(): UsageTotal {
  let answers = 0
  let prompt = 0
  let completion = 0
  let cost = 0
  let isEstimated = false

  return {
    add(answer) {
      answers += 1
      prompt += answer.usage?.prompt_tokens ?? 0
      completion += answer.usage?.completion_tokens ?? 0
      cost += answer.cost ?? 0
      isEstimated ||= answer.usage !== undefined && 'estimated' in answer.usage
    },
    text() {
      const about = isEstimated ? '~' : ''
      return [
        `${answers} ${answers === 1 ? 'answer' : 'answers'}`,
        `${about}${prompt} in`,
        `${about}${completion} out`,
        ...(cost > 0 ? [`${about}$${cost.toFixed(4)}`] : []),
      ].join(' · ')
    },
  }
}
