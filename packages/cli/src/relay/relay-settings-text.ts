import { type RelaySetting, relaySettingNames, relaySettings, variableOf } from './relay-settings.ts'

/** Every setting with its variable and what it is for: what `--list-settings` prints. */
export function relaySettingsText(): string {
  const blocks = relaySettingNames.map((name) => {
    const { about, expected, default: otherwise, isSecret } = relaySettings[name] as RelaySetting<unknown>
    const usual = otherwise === undefined ? '' : ` (${JSON.stringify(otherwise)})`
    const variable = variableOf(name)
    return `${variable}${isSecret === true ? `, ${variable}_FILE` : ''}\n    ${about}${usual}\n    ${expected}; in a file: "${name}"\n`
  })
  return blocks.join('\n')
}
