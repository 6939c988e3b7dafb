import type { Environment, Output } from '../io.ts'

/** Whether a terminal is known to show links (OSC 8) by itself. Inside of tmux and screen nobody knows. */
export function hasHyperlinks(output: Pick<Output, 'isTTY'>, env: Environment): boolean {
  const forced = env['FORCE_HYPERLINK'] ?? ''
  if (forced !== '') return forced !== '0'
  if (!output.isTTY || env['TMUX'] !== undefined || env['STY'] !== undefined) return false
  return (
    /^(?:iTerm\.app|WezTerm|vscode|ghostty|Hyper|rio)$/.test(env['TERM_PROGRAM'] ?? '') ||
    /^(?:xterm-kitty|alacritty|foot|xterm-ghostty|wezterm)/.test(env['TERM'] ?? '') ||
    Number(env['VTE_VERSION'] ?? 0) >= 5000 ||
    env['WT_SESSION'] !== undefined ||
    Number(env['KONSOLE_VERSION'] ?? 0) >= 201_200
  )
}
