-- Keys: `k:` of tasks, `g:` taken by hand, each by 16 bytes of its hash: state 1 (0 free, 1 claimed, 2 completed, 3 claimed from another partition) ·
-- owner 16 · incarnation in which the body of an ended owner still runs 4 · until 7. Behind it a task's key has the operation's name, 16; one taken by
-- hand, when it is completed, 1 for "has a value", and the value.
--
-- Whose a key is says the partition of its hash. Where its owner lives in another, the record there has the owner's partition instead of the incarnation,
-- the server's time of the claim instead of the end, and ends in a token of the claim, 8. What became of the claim stands with the owner, in a record as
-- above: `k:` by the hash, with the token behind the operation; `g:` by hash and owner.
local KEY, HAND = P .. ':k:', P .. ':g:'
local ELSEWHERE = 3

-- Whether this is the key's own partition. The engine counts alike.
local function isOwn(hash)
    if PARTITIONS == 1 then return true end
    return (byte(hash, 1) * 256 + byte(hash, 2)) % PARTITIONS == tonumber(string.match(P, '{(%d+)}$'))
end

-- What a step here asks of other partitions. It is noted in that step, and crossed out once it was done; whoever comes by does what was not.
local mail = {}
local function post(letter, rest)
    mail[#mail + 1] = letter .. rest
    call('RPUSH', P .. ':out', letter .. rest)
end
local function posted() return mail end

local function readKey(name)
    local text = call('GET', name)
    if not text or #text < 28 then return nil end
    local record = {}
    record.state, record.owner, record.holder, record.until_ = unpack_of('>Bc16I4I7', text)
    record.rest = sub(text, 29)
    return record
end

local function isLive(id)
    local state = call('GETRANGE', TASK .. id, 8, 8)
    return #state == 1 and byte(state) ~= DEAD
end

-- Whether the key is claimed and its owner is alive: it has not ended, or its body still runs in a joined incarnation.
local function isHeld(record)
    -- Until its owner's partition says otherwise.
    if record.state == ELSEWHERE then return true end
    if record.state ~= 1 then return false end
    if isLive(record.owner) then return true end
    return record.holder ~= 0 and call('EXISTS', P .. ':m:' .. record.holder) == 1
end

-- Who answers for the key now; nil when it can be taken, and then the name of the operation that is not over. Then whether another partition has to be asked.
local function keyOwner(name)
    local record = readKey(name)
    if not record then return nil, nil end
    if record.state == 2 then
        if record.until_ > now then return record.owner end
        return nil, nil
    end
    if record.state == ELSEWHERE then return record.owner, nil, true end
    if record.state == 1 then
        if isHeld(record) then return record.owner end
        return nil, sub(record.rest, 1, 16)
    end
    if record.until_ > now then return nil, sub(record.rest, 1, 16) end
    return nil, nil
end

-- Takes a task's key. `fresh` names the operation where none is under way.
local function takeKey(hash, id, fresh)
    local owner, operation, isElsewhere = keyOwner(KEY .. hash)
    if owner then return owner, nil, isElsewhere end
    operation = operation or fresh
    call('SET', KEY .. hash, pack('>Bc16I4I7', 1, id, 0, 0) .. operation)
    return nil, operation
end

-- Takes a task's key that was reserved in its own partition; false where the reservation was taken over meanwhile.
local function takeReserved(hash, id, operation, token)
    if call('EXISTS', P .. ':kx:' .. id .. token) == 1 then return false end
    call('SET', KEY .. hash, pack('>Bc16I4I7', 1, id, 0, 0) .. operation .. token)
    return true
end

local function completeKey(hash, id, until_)
    call('SET', KEY .. hash, pack('>Bc16I4I7', 2, id, 0, until_), 'PXAT', expiry(until_))
    if not isOwn(hash) then post('k', hash) end
end

local function holdForBody(name, record, mark, hash, holder)
    call('SET', name, pack('>Bc16I4I7', 1, record.owner, holder, 0) .. record.rest)
    call('SADD', P .. ':b:' .. holder, mark .. hash)
end

-- A failure frees the key at once, or keeps it while the body still runs in `holder`. The operation's name stays for the next push.
local function freeKey(hash, owner, holder)
    local record = readKey(KEY .. hash)
    if not record or record.state ~= 1 or record.owner ~= owner then return end
    if holder ~= 0 then return holdForBody(KEY .. hash, record, 'k', hash, holder) end
    if record.holder ~= 0 then call('SREM', P .. ':b:' .. record.holder, 'k' .. hash) end
    local until_ = later(retention().dead)
    call('SET', KEY .. hash, pack('>Bc16I4I7', 0, owner, 0, until_) .. record.rest, 'PXAT', expiry(until_))
    if not isOwn(hash) then post('k', hash) end
end

-- Puts a task that nothing holds back any more where its next worker finds it.
local function makeReady(task)
    if has(task.flags, F.alone) then
        task.state = SUSPECT
        store(task)
        call('RPUSH', P .. ':s:' .. task.kind, task.id)
        call('SADD', P .. ':sk', task.kind)
        wakeAll()
    elseif has(task.flags, F.limited) then
        enter(task)
    else
        task.state = QUEUED
        clearFlag(task, F.wall)
        store(task)
        returnReady(task)
    end
end

-- How many of a line are looked at for one whose queue is not paused.
local PASSED_OVER = 16

-- Queues the oldest of those that were snoozed until this key settles, before others one whose queue is not paused. One free key lets one task go on; whoever
-- gives the key back wakes the next. Should the one that is woken never ask for the key, housekeeping wakes another.
-- `wanted` is more than one where each of them will find an answer. Answers whether any are left.
local function wakeSnoozed(hash, wanted)
    local key = P .. ':aw:' .. hash
    while wanted > 0 do
        local line = call('ZRANGE', key, 0, PASSED_OVER - 1)
        if #line == 0 then
            call('SREM', P .. ':aws', hash)
            return false
        end
        local chosen, task = line[1], load(line[1])
        for index = 1, #line do
            local other = load(line[index])
            if not other or other.state ~= WAITING or call('HEXISTS', P .. ':paused', other.queue) == 0 then
                chosen, task = line[index], other
                break
            end
        end
        call('ZREM', key, chosen)
        call('DEL', P .. ':a:' .. chosen)
        if task and task.state == WAITING then
            makeReady(task)
            wanted = wanted - 1
        end
    end
    if call('EXISTS', key) == 1 then return true end
    call('SREM', P .. ':aws', hash)
    return false
end

-- A key taken by hand, of this partition, is free or completed: the next that waits for it goes on, here and in each other partition.
local function handFreed(hash)
    wakeSnoozed(hash, 1)
    if PARTITIONS == 1 then return end
    local key = P .. ':af:' .. hash
    for _, partition in ipairs(call('SMEMBERS', key)) do post('w', hash .. partition) end
    call('DEL', key)
end

-- A task was answered by what the key was completed with. Those behind it get the same answer: each wakes two, so that the line empties fast, and no
-- faster than the value is found.
local function handAnswered(hash)
    if call('EXISTS', P .. ':aw:' .. hash) == 0 then return end
    wakeSnoozed(hash, 2)
    openGates()
    flushWakes()
end

-- `name` is a hash, and for a key of another partition the owner behind it.
local function dropHand(name)
    call('DEL', HAND .. name)
    if #name == 16 then handFreed(name) else post('g', sub(name, 1, 16)) end
end

-- Ends the claims that a task took by hand; with `holder` they last until its body has ended there.
local function freeHands(owner, holder)
    for _, hash in ipairs(call('SMEMBERS', P .. ':o:' .. owner)) do
        local record = readKey(HAND .. hash)
        if record and record.state == 1 and record.owner == owner then
            if holder ~= 0 then
                holdForBody(HAND .. hash, record, 'm', hash, holder)
            else
                if record.holder ~= 0 then call('SREM', P .. ':b:' .. record.holder, 'm' .. hash) end
                dropHand(hash)
            end
        end
    end
    if holder == 0 then call('DEL', P .. ':o:' .. owner) end
end

-- Whether a key that the task took by hand is held for its body, which still runs although the task has ended.
local function isHandKept(owner)
    for _, hash in ipairs(call('SMEMBERS', P .. ':o:' .. owner)) do
        local record = readKey(HAND .. hash)
        if record and record.state == 1 and record.owner == owner and record.holder ~= 0 and call('EXISTS', P .. ':m:' .. record.holder) == 1 then
            return true
        end
    end
    return false
end

-- Frees what was kept for bodies in an incarnation that has ended.
local function freeBodies(holder)
    for _, kept in ipairs(call('SMEMBERS', P .. ':b:' .. holder)) do
        local mark, rest = sub(kept, 1, 1), sub(kept, 2)
        if mark == 's' then
            freeSlot(sub(rest, 1, 16), sub(rest, 17, 32), holder, sub(rest, 33))
        else
            local record = readKey((mark == 'k' and KEY or HAND) .. rest)
            if record and record.state == 1 and record.holder == holder then
                if mark == 'k' then
                    freeKey(rest, record.owner, 0)
                else
                    call('SREM', P .. ':o:' .. record.owner, rest)
                    dropHand(rest)
                end
            end
        end
    end
    call('DEL', P .. ':b:' .. holder)
end
