/// The scripts that run atomically in the server.
///
/// A channel has these keys: the stream; a hash with the last epoch and number, the replication ID under which the
/// epoch began, and the newest event's own ID; a hash that maps own IDs to positions; a sorted set of these IDs, so
/// that they are removed with their events; and a list of marks, from which the number and the age of the events after
/// a position are derived.
///
/// An entry of the stream is a pack of one or more events, because the server's work is for each entry, whatever its
/// size. The ID of the entry is the position of its last event. Its fields are the events (`e`), their number (`n`),
/// and perhaps that events before it may have been lost (`g`).
enum RedisScripts {
  /// Adds a batch, only once, and publishes it.
  ///
  /// The last key has the number of the newest batch of a slot (`BatchSlots`) and the reply to it. If any event has its
  /// own ID, the IDs of all follow the events.
  ///
  /// The epoch ensures that an ID never identifies two events. A new epoch begins in four cases: the server's
  /// replication ID has changed, because it restarted or took over; the history ends before what a caller has seen; the
  /// channel's keys were removed; or an event has its own ID of the current or a later epoch. The new epoch is larger
  /// than every known one, so it is new to every process. The clock only provides its initial value. If events before
  /// it may have been lost, its first entry is marked with `g`. After a restart, the mark is omitted if the server is
  /// known to lose nothing.
  ///
  /// Nothing is written before the first `XADD`. That is the command that fails if there is no memory or the stream's
  /// key has another type. The types of the other keys are checked first, by reading them.
  ///
  /// Fields of the second key tell whether there are own IDs and times of expiry, so that most batches need not look.
  static let append = """
    local call, match = redis.call, string.match
    local function text(number) return string.format('%.0f', number) end
    local batch, count, packs = tonumber(ARGV[1]), tonumber(ARGV[10]), tonumber(ARGV[11])
    local known = call('GET', KEYS[6])
    if known then
      local newest, answer = match(known, '^(%d+) (.*)$')
      if tonumber(newest) == batch then return answer end
      if tonumber(newest) > batch then return redis.error_reply('ERR a later batch has replaced this one') end
    end
    local meta = call('HMGET', KEYS[2], 'epoch', 'number', 'replid', 'own', 'ids', 'expires', 'total')
    local epoch, number, total = tonumber(meta[1]), tonumber(meta[2]), tonumber(meta[7]) or 0
    local replid = match(call('INFO', 'replication'), 'master_replid:(%x+)') or ''
    local seenEpoch, seenNumber = tonumber(ARGV[4]), tonumber(ARGV[5])
    local most, age = tonumber(ARGV[6]), tonumber(ARGV[7])
    if most + age > 0 then call('LLEN', KEYS[5]) end
    local lastEvent = 11 + 2 * packs
    local isOwn = #ARGV > lastEvent
    local hasOwn = isOwn
    if isOwn or meta[5] ~= '0' then
      hasOwn = call('ZCARD', KEYS[4]) > 0 or isOwn
      if hasOwn then call('HLEN', KEYS[3]) end
    end
    local foreign = 0
    if isOwn then
      -- Epochs are times in microseconds. An ID that is ten years ahead is not one of the next epochs, and must not use
      -- up the numbers.
      local latest = math.max(epoch or 0, tonumber(call('TIME')[1]) * 1000000) + 315360000000000
      for index = 1, count do
        local own = tonumber(match(ARGV[lastEvent + index], '^(%d+)%-%d+$') or '0')
        if own <= latest then foreign = math.max(foreign, own) end
      end
    end
    local begins, hasLost = false, false
    if not epoch then
      begins = true
      hasLost = seenEpoch > 0
    elseif meta[3] ~= replid then
      begins = true
      hasLost = ARGV[3] == '0'
    end
    if epoch and (seenEpoch > epoch or (seenEpoch == epoch and seenNumber > number)) then
      begins = true
      hasLost = true
    end
    if epoch and foreign >= epoch then begins = true end
    if begins then
      local time = call('TIME')
      local least = math.max(epoch or 0, seenEpoch, foreign)
      local newest = call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
      if newest[1] then least = math.max(least, tonumber(match(newest[1][1], '^%d+'))) end
      epoch = math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), least + 1)
      number = -1
      if epoch >= 9007199254740992 then return redis.error_reply('ERR the epoch of the channel is used up') end
    end
    local epochText, firstText = text(epoch), text(number + 1)
    local events, last = {}, number
    for pack = 1, packs do
      local size = ARGV[10 + 2 * pack]
      events[pack] = ARGV[11 + 2 * pack]
      last = last + tonumber(size)
      if hasLost and pack == 1 then
        call('XADD', KEYS[1], epochText .. '-' .. text(last), 'e', events[pack], 'n', size, 'g', '1')
      else
        call('XADD', KEYS[1], epochText .. '-' .. text(last), 'e', events[pack], 'n', size)
      end
    end
    local newestOwn = ''
    if isOwn then
      newestOwn = ARGV[lastEvent + count]
      for index = 1, count do
        local own = ARGV[lastEvent + index]
        if own ~= '' then
          call('HSET', KEYS[3], own, epochText .. '-' .. text(number + index))
          call('ZADD', KEYS[4], 0, string.format('%020.0f-%020.0f:', epoch, number + index) .. own)
        end
      end
    end
    local ids, expires = hasOwn and '1' or '0', ARGV[8] ~= '0' and '1' or '0'
    if begins or newestOwn ~= meta[4] or ids ~= meta[5] or expires ~= meta[6] then
      call('HSET', KEYS[2], 'epoch', epochText, 'number', text(last), 'replid', replid, 'own', newestOwn, 'ids', ids,
        'expires', expires, 'total', text(total + count))
      call('HSETNX', KEYS[2], 'first', epochText .. '-0')
    else
      call('HSET', KEYS[2], 'number', text(last), 'total', text(total + count))
    end
    if most + age > 0 then
      -- A mark is a position, its time, and the number of events before it since the keys exist. If their number was
      -- lost, so is the meaning of the marks.
      if not meta[7] then call('DEL', KEYS[5]) end
      local time = call('TIME')
      local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
      local function mark(index)
        local found = call('LINDEX', KEYS[5], index)
        if not found then return end
        local at, position, before = match(found, '^(%d+) (%d+%-%d+) (%d+)$')
        return position or '0-0', tonumber(at) or 0, tonumber(before) or 0
      end
      local newest, at, before = mark(-1)
      if not newest or (age > 0 and now - at >= age / 8) or (most > 0 and total - before >= most / 16) then
        call('RPUSH', KEYS[5], text(now) .. ' ' .. epochText .. '-' .. firstText .. ' ' .. text(total))
      end
      for turn = 1, 16 do
        local oldest, at, before = mark(0)
        if not oldest then break end
        local isTooOld = age > 0 and now - at >= age
        if not isTooOld and not (most > 0 and total + count - before >= most) then break end
        call('XTRIM', KEYS[1], 'MINID', oldest)
        call('LPOP', KEYS[5])
      end
    end
    if hasOwn then
      local oldest = call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
      if oldest[1] then
        local e, n = match(oldest[1][1], '^(%d+)-(%d+)$')
        local first = tonumber(n) - (tonumber(oldest[1][2][4]) or 1) + 1
        local limit = '(' .. string.format('%020.0f-%020.0f:', tonumber(e), first)
        for _, member in ipairs(call('ZRANGEBYLEX', KEYS[4], '-', limit, 'LIMIT', 0, 2 * count + 64)) do
          local e, n, own = match(member, '^0*(%d+)-0*(%d+):(.*)$')
          if call('HGET', KEYS[3], own) == e .. '-' .. n then call('HDEL', KEYS[3], own) end
          call('ZREM', KEYS[4], member)
        end
      end
    end
    if expires == '1' then
      for index = 1, 5 do call('EXPIRE', KEYS[index], ARGV[8]) end
    elseif meta[6] ~= '0' and call('TTL', KEYS[2]) > 0 then
      for index = 1, 5 do call('PERSIST', KEYS[index]) end
    end
    local answer = epochText .. ' ' .. firstText .. ' ' .. (begins and hasLost and '1' or '0')
    call('SET', KEYS[6], ARGV[1] .. ' ' .. answer, 'EX', ARGV[2])
    call('PUBLISH', ARGV[9], answer .. ' ' .. table.concat(events))
    return answer
    """

  /// Returns the events after a position or an ID, and whether any are missing before them.
  ///
  /// The reply is one word, the position, and whole packs, each as the ID, the number of events and the events. The
  /// first pack may begin at or before the position.
  static let read = """
    local call, match = redis.call, string.match
    -- The number of entries that are read at a time, which bounds what is read in vain.
    local step = 64
    local function text(number) return string.format('%.0f', number) end
    local function entries(from)
      return call('XRANGE', KEYS[1], from, '+', 'COUNT', step)
    end
    local function parse(entry)
      local fields, event, size, isLoss = entry[2], '', 1, false
      for place = 1, #fields - 1, 2 do
        local name, value = fields[place], fields[place + 1]
        if name == 'e' then event = value end
        if name == 'n' then size = tonumber(value) or 1 end
        if name == 'g' then isLoss = true end
      end
      return event, size, isLoss
    end
    local most, bytes = tonumber(ARGV[3]), tonumber(ARGV[4])
    local function take(kind, after, found, index, skipped)
      local answer, count, used = {kind, after}, 0, 0
      while true do
        if index > #found then
          if #found < step then break end
          found, index = entries('(' .. found[#found][1]), 1
          if #found == 0 then break end
        end
        local event, size, isLoss = parse(found[index])
        if count > 0 and (isLoss or count >= most or used >= bytes) then break end
        count = count + size - skipped
        skipped = 0
        used = used + string.len(event)
        answer[#answer + 1] = found[index][1]
        answer[#answer + 1] = text(size)
        answer[#answer + 1] = event
        index = index + 1
      end
      return answer
    end
    local meta = call('HMGET', KEYS[2], 'epoch', 'number', 'first')
    local after = ARGV[2]
    if ARGV[1] == 'id' and after ~= '' then
      local own = call('HGET', KEYS[3], after)
      if own then
        after = own
      elseif not match(after, '^%d+-%d+$') or match(after, '^0%d') or match(after, '-0%d') then
        return {'unknown'}
      end
    end
    if after == '' then return take('contiguous', '', entries('-'), 1, 0) end
    if after == '0-0' and ARGV[1] == 'position' then
      local found = entries('-')
      if #found == 0 then return {meta[1] and 'gap' or 'contiguous', after} end
      local e, n = match(found[1][1], '^(%d+)-(%d+)$')
      local _, size = parse(found[1])
      if e .. '-' .. text(tonumber(n) - size + 1) ~= meta[3] then return {'gap', after} end
      return take('contiguous', after, found, 1, 0)
    end
    local e, n = match(after, '^(%d+)-(%d+)$')
    if string.len(e) > 16 or string.len(n) > 16 then return {'unknown'} end
    local found = entries(after)
    local begin, skipped = nil, 0
    if found[1] and found[1][1] == after then
      begin = 2
    elseif found[1] then
      local last = match(found[1][1], '^' .. e .. '%-(%d+)$')
      local _, size = parse(found[1])
      -- The number of its events up to the position.
      skipped = last and tonumber(n) - tonumber(last) + size or -1
      if skipped >= 0 then begin = 1 else skipped = 0 end
    elseif meta[1] == e and meta[2] == n then
      return {'contiguous', after}
    end
    local next = begin and found[begin]
    if begin and not (next and skipped == 0 and select(3, parse(next))) then
      return take('contiguous', after, found, begin, skipped)
    end
    if ARGV[1] == 'position' then return {'gap', after} end
    if not begin and (not meta[1] or tonumber(e) > tonumber(meta[1])
      or tonumber(e) < tonumber(match(meta[3], '^%d+'))
      or (e == meta[1] and tonumber(n) > tonumber(meta[2]))) then
      return {'unknown'}
    end
    -- What comes after the ID, so that nothing is repeated if the ID is that of a lost event.
    return take('gap', after, found, begin or 1, 0)
    """
}
