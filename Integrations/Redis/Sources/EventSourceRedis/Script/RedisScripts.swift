/// The scripts that run atomically in the server.
///
/// A channel has these keys: the stream; a hash with the last epoch and number, the replication ID under which the
/// epoch began, and the newest event's own ID; a hash that maps own IDs to entries; a sorted set of these IDs, so that
/// they are removed with their entries; and a list of marks from which the age of entries is derived.
enum RedisScripts {
  /// Adds a batch, only once per token, and publishes it.
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
  static let append = """
    local known = redis.call('GET', KEYS[6])
    if known then return known end
    local meta = redis.call('HMGET', KEYS[2], 'epoch', 'number', 'replid')
    local epoch, number = tonumber(meta[1]), tonumber(meta[2])
    local replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or ''
    local seenEpoch, seenNumber = tonumber(ARGV[4]), tonumber(ARGV[5])
    local count = tonumber(ARGV[12])
    local age = tonumber(ARGV[8])
    if age > 0 then redis.call('LLEN', KEYS[5]) end
    local hasOwn = redis.call('ZCARD', KEYS[4]) > 0
    for index = 1, count do if ARGV[12 + 2 * index] ~= '' then hasOwn = true end end
    if hasOwn then redis.call('HLEN', KEYS[3]) end
    local foreign = 0
    if ARGV[6] == '1' then
      -- Epochs are times in microseconds. An ID that is ten years ahead is not one of the next epochs, and must not use
      -- up the numbers.
      local latest = math.max(epoch or 0, tonumber(redis.call('TIME')[1]) * 1000000) + 315360000000000
      for index = 1, count do
        local own = tonumber(string.match(ARGV[12 + 2 * index], '^(%d+)%-%d+$') or '0')
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
      local time = redis.call('TIME')
      local least = math.max(epoch or 0, seenEpoch, foreign)
      local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
      if newest[1] then least = math.max(least, tonumber(string.match(newest[1][1], '^%d+'))) end
      epoch = math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), least + 1)
      number = -1
      if epoch >= 9007199254740992 then return redis.error_reply('ERR the epoch of the channel is used up') end
    end
    local epochText = string.format('%.0f', epoch)
    local first = number + 1
    local maximum = ARGV[7]
    for index = 1, count do
      number = number + 1
      local id = epochText .. '-' .. string.format('%.0f', number)
      local event = ARGV[12 + 2 * index - 1]
      if index == 1 and hasLost then
        redis.call('XADD', KEYS[1], id, 'e', event, 'g', '1')
      elseif maximum ~= '0' then
        redis.call('XADD', KEYS[1], 'MAXLEN', '~', maximum, id, 'e', event)
      else
        redis.call('XADD', KEYS[1], id, 'e', event)
      end
      local own = ARGV[12 + 2 * index]
      if own ~= '' then
        redis.call('HSET', KEYS[3], own, id)
        redis.call('ZADD', KEYS[4], 0, string.format('%020.0f-%020.0f:', epoch, number) .. own)
      end
    end
    redis.call('HSET', KEYS[2], 'epoch', epochText, 'number', string.format('%.0f', number), 'replid', replid,
      'own', ARGV[12 + 2 * count])
    redis.call('HSETNX', KEYS[2], 'first', epochText .. '-0')
    if age > 0 then
      local time = redis.call('TIME')
      local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
      local mark = redis.call('LINDEX', KEYS[5], -1)
      if not mark or now - tonumber(string.match(mark, '^%d+')) >= age / 8 then
        redis.call('RPUSH', KEYS[5], string.format('%.0f ', now) .. epochText .. '-' .. string.format('%.0f', first))
      end
      for turn = 1, 16 do
        mark = redis.call('LINDEX', KEYS[5], 0)
        if not mark or now - tonumber(string.match(mark, '^%d+')) < age then break end
        redis.call('XTRIM', KEYS[1], 'MINID', string.match(mark, ' (.+)$'))
        redis.call('LPOP', KEYS[5])
      end
    end
    if hasOwn then
      local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
      if oldest[1] then
        local e, n = string.match(oldest[1][1], '^(%d+)-(%d+)$')
        local limit = '(' .. string.format('%020.0f-%020.0f:', tonumber(e), tonumber(n))
        for _, member in ipairs(redis.call('ZRANGEBYLEX', KEYS[4], '-', limit, 'LIMIT', 0, 2 * count + 64)) do
          local e, n, own = string.match(member, '^0*(%d+)-0*(%d+):(.*)$')
          if redis.call('HGET', KEYS[3], own) == e .. '-' .. n then redis.call('HDEL', KEYS[3], own) end
          redis.call('ZREM', KEYS[4], member)
        end
      end
    end
    if ARGV[9] ~= '0' then
      for index = 1, 5 do redis.call('EXPIRE', KEYS[index], ARGV[9]) end
    elseif redis.call('TTL', KEYS[2]) > 0 then
      for index = 1, 5 do redis.call('PERSIST', KEYS[index]) end
    end
    local answer = epochText .. ' ' .. string.format('%.0f', first) .. ' ' .. (begins and hasLost and '1' or '0')
    redis.call('SET', KEYS[6], answer, 'EX', ARGV[2])
    local events = {}
    for index = 1, count do events[index] = ARGV[12 + 2 * index - 1] end
    redis.call('PUBLISH', ARGV[10], answer .. ' ' .. table.concat(events))
    return answer
    """

  /// Returns the events after a position or an ID, and whether any are missing before them.
  static let read = """
    local function entries(from, most, skips)
      local found = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', most + skips)
      return found
    end
    local function take(answer, found, begin, most, bytes)
      local used = 0
      for index = begin, math.min(#found, begin + most - 1) do
        local fields = found[index][2]
        local event, lost
        for place = 1, #fields - 1, 2 do
          if fields[place] == 'e' then event = fields[place + 1] end
          if fields[place] == 'g' then lost = true end
        end
        if lost and index > begin then break end
        if used > 0 and used >= bytes then break end
        used = used + string.len(event or '') + 1
        answer[#answer + 1] = found[index][1]
        answer[#answer + 1] = event or ''
      end
      return answer
    end
    local function isLoss(entry)
      local fields = entry[2]
      for place = 1, #fields - 1, 2 do if fields[place] == 'g' then return true end end
      return false
    end
    local most, bytes = tonumber(ARGV[3]), tonumber(ARGV[4])
    local meta = redis.call('HMGET', KEYS[2], 'epoch', 'number', 'first')
    local after = ARGV[2]
    if ARGV[1] == 'id' and after ~= '' then
      local own = redis.call('HGET', KEYS[3], after)
      if own then
        after = own
      elseif not string.match(after, '^%d+-%d+$') or string.match(after, '^0%d') or string.match(after, '-0%d') then
        return {'unknown'}
      end
    end
    if after == '' then return take({'contiguous'}, entries('-', most, 0), 1, most, bytes) end
    if after == '0-0' and ARGV[1] == 'position' then
      local found = entries('-', most, 0)
      if #found == 0 then return {meta[1] and 'gap' or 'contiguous'} end
      if found[1][1] ~= meta[3] then return {'gap'} end
      return take({'contiguous'}, found, 1, most, bytes)
    end
    local e, n = string.match(after, '^(%d+)-(%d+)$')
    if string.len(e) > 16 or string.len(n) > 16 then return {'unknown'} end
    local nextID = e .. '-' .. string.format('%.0f', tonumber(n) + 1)
    local found = entries(after, most, 1)
    local begin
    if found[1] and found[1][1] == after then
      begin = 2
    elseif found[1] and found[1][1] == nextID then
      begin = 1
    elseif not found[1] and meta[1] == e and meta[2] == n then
      return {'contiguous'}
    end
    if begin and not (found[begin] and isLoss(found[begin])) then
      return take({'contiguous'}, found, begin, most, bytes)
    end
    if ARGV[1] == 'position' then return {'gap'} end
    if not begin and (not meta[1] or tonumber(e) > tonumber(meta[1])
      or tonumber(e) < tonumber(string.match(meta[3], '^%d+'))
      or (e == meta[1] and tonumber(n) > tonumber(meta[2]))) then
      return {'unknown'}
    end
    -- What comes after the ID, so that nothing is repeated if the ID is that of a lost event.
    return take({'gap'}, found, begin or 1, most, bytes)
    """
}
