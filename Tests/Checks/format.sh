#!/usr/bin/env bash
# The sources are formatted, and the tree follows the rules that no compiler checks.
set -uo pipefail
cd "$(dirname "$0")/../.."
failures=0
fail() { echo "format: $*" >&2; failures=$((failures + 1)); }

mapfile -t sources < <(comm -23 <(git ls-files -c -o --exclude-standard '*.swift' | sort -u) <(git ls-files -d | sort))
swift format lint --strict "${sources[@]}" || fail "swift format reported problems; \`swift format -i FILE\` fixes most of them"

for entry in $(git ls-files | cut -d/ -f1 | sort -u); do
  case "$entry" in
    .* | Package.swift | README.md | Sources | Tests | Integrations | Examples) ;;
    *) fail "\"$entry\" is at the top level, which may hold only the parts of the package" ;;
  esac
done

while read -r lines file; do
  [ "$file" = total ] || [ "$lines" -le 500 ] || fail "$file has $lines lines; the limit is 500"
done < <(wc -l "${sources[@]}")

long=$(awk 'length > 120 { print FILENAME ":" FNR }' "${sources[@]}")
[ -z "$long" ] || fail "lines of more than 120 characters: $long"

# The comment above an @unchecked Sendable type must explain why it is safe.
while IFS=: read -r file line _; do
  comment=$(awk -v line="$line" 'NR == line { print text; exit } /^ *\/\// { text = text $0; next } { text = "" }' "$file")
  grep -qiE 'thread|lock|sendable|confine' <<<"$comment" || fail "$file:$line is @unchecked Sendable without a comment on its lock rule"
done < <(git grep -n '@unchecked Sendable' -- '*.swift' | grep -vE '^[^:]*:[0-9]+: *///?' || true)

# A slow route or authorizer may sleep in its task. A test may not.
sleeping=$(git grep -nE 'Thread\.sleep|(^|[^a-zA-Z.])u?sleep\(' -- 'Tests/*.swift' 'Integrations/*Tests*' || true)
[ -z "$sleeping" ] || fail "tests must wait for conditions instead of sleeping: $sleeping"

# Tests that the documentation names must exist.
while IFS=. read -r suite name; do
  grep -rqE "func $name\(" --include="$suite.swift" Tests/EventSourceServerTests || fail "Guarantees.md names $suite.$name, which does not exist"
done < <(grep -oE '`[A-Za-z]+Tests\.[A-Za-z]+`' Sources/EventSourceServer/EventSourceServer.docc/Guarantees.md | tr -d '`')

if git grep -nE '\.package\((name|url)' -- Package.swift >/dev/null && ! git grep -q 'traits' -- Package.swift; then
  fail "Package.swift has a dependency that is not behind a trait"
fi

[ "$failures" -eq 0 ]
