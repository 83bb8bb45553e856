-- flags: allow-oom
-- uses: core task ending_read records
-- special: wake ready_key ready history gates keys losses ending settling
-- Ends attempts: each settlement is carried out, or refused when its fence is not the task's current one.
--
-- Result, key, checkpoint, history and state change in one step. Sent again under the same fence a settlement is answered as done and changes
-- nothing: a live or dead task remembers that its last claim's own settlement brought it there, and so does the record of an ended one.
-- Plain commits are collected and written in a few commands.
--
-- ARGV: settings · then for each settlement a head and a text. Head: id 16 · fence 8, token 8 · outcome 1 · 1 when the body runs on · pause 8.
-- Outcomes: 1 commit (text: the result), 2 retry and 3 quarantine (4 with the key held) (text: length of the reason 4, reason, message),
-- 5 hand-back, 6 snooze (text: hash of the key 16, key).
-- Answers one byte for each: 0 done, 1 refused, 2 refused since the task is not known here; and where other partitions are concerned, behind it what they are
-- asked.
local dead, released, plainReleased, seen, replies = {}, {}, {}, {}, {}
local HISTORY = retention().history
-- Flags of what a commit has to look after one by one.
local SPECIAL = F.checkpoint + F.children + F.manual + F.progress + F.limited + F.watched + F.losses

local function flush()
    for holder, ids in pairs(released) do each('SREM', P .. ':h:' .. holder, ids) end
    flushRecords()
    for first = 1, #dead, 4000 do call('DEL', unpack(dead, first, math.min(#dead, first + 3999))) end
    dead, released, seen, plainReleased = {}, {}, {}, {}
end

local function release(task)
    local ids = released[task.holder]
    if not ids then ids = {} released[task.holder] = ids end
    ids[#ids + 1] = task.id
end

--@special

-- What a plain commit's record says of times, and when it ends, by the result's time to live; and the lists by the holder.
local plainTimes = {}
local PLAIN = string.char(COMMITTED, MARK.settled)
local NOT_PLAIN = SPECIAL + F.keyed + F.history

-- A commit of a task that nothing stands beside: its record is put together from parts of its string.
local function commitPlain(id, stored, result)
    local ttl = sub(stored, 81, 88)
    local times = plainTimes[ttl]
    if not times then
        local resultUntil = later((unpack_of('>I8', ttl)))
        local recordUntil = later(HISTORY)
        times = { marks = PLAIN, ends = math.max(resultUntil, recordUntil), text = pack('>I7I7', now, resultUntil) }
        if recordUntil > resultUntil then
            times.marks = string.char(COMMITTED, MARK.settled + MARK.ownEnd)
            times.text = times.text .. pack('>I7', recordUntil)
        end
        plainTimes[ttl] = times
    end
    keepRecord(id, times.ends, times.marks .. sub(stored, 12, 39) .. sub(stored, 48, 63) .. sub(stored, 2, 8) .. times.text .. result)
    dead[#dead + 1] = TASK .. id
    local holder = sub(stored, 36, 39)
    local ids = plainReleased[holder]
    if not ids then
        local number = unpack_of('>I4', holder)
        ids = released[number] or {}
        released[number], plainReleased[holder] = ids, ids
    end
    ids[#ids + 1] = id
end

local function settle(head, text)
    local id, fence, outcome, bodyRuns, pause = unpack_of('>c16c16BBI8', head)
    if seen[id] then flush() end
    local stored = call('GETRANGE', TASK .. id, 0, 119)
    if outcome == 1 and #stored >= HEAD and byte(stored, 9) == RUNNING and sub(stored, 20, 35) == fence
        and band(byte(stored, 10) * 256 + byte(stored, 11), NOT_PLAIN) == 0 then
        seen[id] = true
        commitPlain(id, stored, text)
        return '\0'
    end
    return special().settleSpecial(id, parse(id, stored), fence, outcome, bodyRuns, pause, text)
end

for index = 2, #ARGV, 2 do replies[#replies + 1] = settle(ARGV[index], ARGV[index + 1]) end
flush()
if isSpecial() then
    special().openGates()
    flushRecords()
    special().flushWakes()
    local mail = special().posted()
    if #mail > 0 then return { table.concat(replies), mail } end
end
return table.concat(replies)
