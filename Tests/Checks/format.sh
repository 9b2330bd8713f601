#!/usr/bin/env bash
# The sources are formatted, and the tree keeps the rules that no compiler knows.
set -uo pipefail
cd "$(dirname "$0")/../.."
failures=0
fail() { echo "format: $*" >&2; failures=$((failures + 1)); }

mapfile -t sources < <(comm -23 <(git ls-files -c -o --exclude-standard '*.swift' | sort -u) <(git ls-files -d | sort))
swift format lint --strict "${sources[@]}" || fail "swift format found something; \`swift format -i FILE\` mends most of it"

for entry in $(git ls-files | cut -d/ -f1 | sort -u); do
  case "$entry" in
    .* | Package.swift | README.md | Sources | Tests | Integrations | Examples) ;;
    *) fail "\"$entry\" is at the top level, where nothing but the package's parts may be" ;;
  esac
done

while read -r lines file; do
  [ "$file" = total ] || [ "$lines" -le 500 ] || fail "$file has $lines lines; 500 are allowed"
done < <(wc -l "${sources[@]}")

long=$(awk 'length > 120 { print FILENAME ":" FNR }' "${sources[@]}")
[ -z "$long" ] || fail "lines of more than 120 characters: $long"

# A type that is Sendable only because somebody says so says why, in the comment above it.
while IFS=: read -r file line _; do
  comment=$(awk -v line="$line" 'NR == line { print text; exit } /^ *\/\// { text = text $0; next } { text = "" }' "$file")
  grep -qiE 'thread|lock|sendable|confine' <<<"$comment" || fail "$file:$line is @unchecked Sendable without its lock rule"
done < <(git grep -n '@unchecked Sendable' -- '*.swift' | grep -vE '^[^:]*:[0-9]+: *///?' || true)

# A slow route or authorizer may sleep in its task; a test may not.
sleeping=$(git grep -nE 'Thread\.sleep|(^|[^a-zA-Z.])u?sleep\(' -- 'Tests/*.swift' 'Integrations/*Tests*' || true)
[ -z "$sleeping" ] || fail "tests wait for what happens, they do not sleep: $sleeping"

# What the documentation says is tested is tested.
while IFS=. read -r suite name; do
  grep -qE "func $name\(" "Tests/EventSourceServerTests/$suite.swift" || fail "Guarantees.md names $suite.$name, which there is not"
done < <(grep -oE '`[A-Za-z]+Tests\.[A-Za-z]+`' Sources/EventSourceServer/EventSourceServer.docc/Guarantees.md | tr -d '`')

if git grep -nE '\.package\((name|url)' -- Package.swift >/dev/null && ! git grep -q 'traits' -- Package.swift; then
  fail "Package.swift has a dependency that is not behind a trait"
fi

[ "$failures" -eq 0 ]
