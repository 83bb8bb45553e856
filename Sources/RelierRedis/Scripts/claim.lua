-- flags: allow-oom
-- uses: core task ready_key
-- special: names wake ready history gates keys ending_read records ending foreign losses lone claiming
-- Takes tasks to run: each with its next fence number and the request's fresh token, its state set to running.
--
-- Scheduled tasks of the queues that are due are queued first. Each queue is served up to its share, then what is left goes to all in order; of a
-- queue about half are recovered ones while both wait. What the worker cannot run is set aside, what is no task is quarantined, and what a limit
-- holds back waits at it: nothing waits behind any of them. No claim exceeds a limit.
--
-- ARGV: settings · incarnation 16 · request 8 · fresh token 8, whose low half counts on with each task · limit · '1' for a suspect ('s' for one that has lost
-- no worker while it ran alone, 'e' for one that has), '2' for no more than the shares · then for each share the queue's name and its slots.
-- Answers ids, one after the other; the strings as they were before; checkpoints as position and value; kinds and queues as number and name.
local incarnation, request, limit = ARGV[2], unpack_of('>I8', ARGV[3]), tonumber(ARGV[5])
local tokenHigh, tokenLow = unpack_of('>c4I4', ARGV[4])
local holder = tonumber(call('HGET', P .. ':in', incarnation))
if not holder then return redis.error_reply('FENCED the incarnation is not joined any more; join anew') end

-- How many that cannot be handed out one claim sets aside, and how often it looks again after it found nothing but such.
local MAX_ASIDE, MAX_ROUNDS, MAX_ALARMS = 5000, 50, 500

local shares, queueNames = {}, {}
for index = 7, #ARGV, 2 do
    local name = ARGV[index]
    local isRecovery = name == 're-queue'
    local number = not isRecovery and tonumber(call('HGET', P .. ':qn', name)) or nil
    if isRecovery or number then
        shares[#shares + 1] = { number = number, owed = tonumber(ARGV[index + 1]), isRecovery = isRecovery }
        if number then queueNames[number] = name end
    end
end
local paused = {}
do
    local fields = call('HKEYS', P .. ':paused')
    for _, number in ipairs(fields) do paused[tonumber(number)] = true end
end
local servesRecovered = true
do
    local dedicated = call('SMEMBERS', P .. ':ded')
    if #dedicated > 0 then
        servesRecovered = false
        for _, number in ipairs(dedicated) do servesRecovered = servesRecovered or tonumber(number) == holder end
    end
end

local kindTexts, runnable = {}, {}
-- nil for a number that no kind has, otherwise whether this worker runs it.
local function canRun(kind)
    local known = runnable[kind]
    if known ~= nil then return known end
    local text = call('HGET', P .. ':ks', kind)
    if not text then return nil end
    local version = call('HGET', P .. ':v:' .. holder, sub(text, 9))
    known = version ~= false and (unpack_of('>I8', text)) <= tonumber(version)
    kindTexts[kind], runnable[kind] = text, known
    return known
end

local ids, texts, checkpoints = {}, {}, {}
local remaining, aside = limit, 0
-- What stands in a started task's string behind its fence.
local STARTED = pack('>I4I8I8', holder, request, now)

-- The claim of a task that nothing stands beside: state, flags, queue and kind as they are, the next fence.
local function startPlain(id, text, queue)
    local token = tokenHigh .. pack('>I4', (tokenLow + #ids * 2654435761) % 4294967296)
    call('SETRANGE', TASK .. id, 8, '\2' .. sub(text, 10, 19) .. pack('>I8', (unpack_of('>I8', text, 20)) + 1) .. token .. STARTED)
    local count = #ids + 1
    ids[count], texts[count] = id, text
    if not queueNames[queue] then queueNames[queue] = call('HGET', P .. ':qs', queue) end
    remaining = remaining - 1
end

-- Whether the string is that of a queued task of the queue, of a kind that this worker runs, with counts in range, and nothing stands beside it.
local NOT_PLAIN = F.checkpoint + F.limited + F.settled
local function isPlain(id, text, queueText)
    return text and #text >= HEAD and #id == 16 and byte(text, 9) == QUEUED and sub(text, 12, 15) == queueText
        and band(byte(text, 10) * 256 + byte(text, 11), NOT_PLAIN) == 0 and byte(text, 20) == 0 and byte(text, 56) < 128 and byte(text, 60) < 128
        and canRun((unpack_of('>I4', text, 16))) == true
end

-- Whether a round left something behind that the next one may find: what was due, or parked.
local bounded = false
-- Serves the lists in which plain tasks stand; made below.
local takeReady
--@special

local function keysOf(list)
    local keys = {}
    for index, id in ipairs(list) do keys[index] = TASK .. id end
    return keys
end

takeReady = function(wanted, queue, isRecovered)
    local key, taken, queueText = readyKey(queue, isRecovered), 0, pack('>I4', queue)
    while taken < wanted and aside < MAX_ASIDE do
        local count = math.min(wanted - taken, 4000)
        local found = call('LPOP', key, count)
        if not found then break end
        local strings = call('MGET', unpack(keysOf(found)))
        for index, id in ipairs(found) do
            local text = strings[index]
            if isPlain(id, text, queueText) then
                startPlain(id, text, queue)
                taken = taken + 1
            elseif special().takeSpecial(id, text, queue) then
                taken = taken + 1
            end
        end
        if #found < count then break end
    end
    return taken
end

local function takeStanding(wanted, queue)
    if servesRecovered and call('EXISTS', readyKey(queue, true)) == 1 then
        -- With a single slot the two kinds take turns.
        local share = wanted == 1 and request % 2 or math.ceil(wanted / 2)
        local taken = takeReady(share, queue, true)
        taken = taken + takeReady(wanted - taken, queue, false)
        return taken + takeReady(wanted - taken, queue, true)
    end
    return takeReady(wanted, queue, false)
end

local function take(wanted, queue)
    if paused[queue] then return 0 end
    local taken, isMore = 0, false
    repeat
        isMore = call('EXISTS', P .. ':pk:' .. queue) == 1 and special().unpark(queue, wanted - taken)
        taken = taken + takeStanding(wanted - taken, queue)
        -- What was parked may have to wait at a limit instead.
    until taken == wanted or not isMore or aside >= MAX_ASIDE
    bounded = isMore or bounded
    return taken
end

local function takeOf(share, wanted)
    return share.isRecovery and special().takeRecovered(wanted) or take(wanted, share.number)
end

-- Each queue up to its share; what it has not had of it is owed.
local function takeShares(drained)
    for index, share in ipairs(shares) do
        local wanted = math.min(share.owed, remaining)
        if wanted > 0 then
            local taken = takeOf(share, wanted)
            share.owed = share.owed - taken
            if taken < wanted then drained[index] = true end
        end
    end
end

-- Whatever is left, in order.
local function takeRest(drained)
    for index, share in ipairs(shares) do
        if remaining > 0 and not drained[index] then share.owed = share.owed - takeOf(share, remaining) end
    end
end

local function isDue(key, clock) return call('ZCOUNT', key, '-inf', string.format('%.0f', clock)) > 0 end

local function openGates()
    if isSpecial() then special().openGates() end
end

if ARGV[6] == 's' or ARGV[6] == 'e' or ARGV[6] == '1' then
    special().takeSuspect(ARGV[6] ~= 'e', ARGV[6] ~= 's')
else
    for round = 1, MAX_ROUNDS do
        local rung, drained = 0, {}
        bounded = false
        for _, share in ipairs(shares) do
            share.isBounded = false
            if share.number and not paused[share.number] and (isDue(P .. ':d1:' .. share.number, now) or isDue(P .. ':d2:' .. share.number, wall)) then
                share.isBounded = special().promoteDue(share.number, remaining) >= remaining
                bounded = bounded or share.isBounded
            end
        end
        openGates()
        takeShares(drained)
        if remaining == 0 or aside >= MAX_ASIDE then break end
        -- Where what was due or parked had to be set aside, more may be, and what is left goes to nobody before each queue has its share.
        local isOwed = false
        for _, share in ipairs(shares) do isOwed = isOwed or (share.isBounded and share.owed > 0) end
        if not isOwed or round == MAX_ROUNDS then
            if ARGV[6] ~= '2' then takeRest(drained) end
            if remaining == 0 or aside >= MAX_ASIDE then break end
            -- What a rate allows by now is found here though no housekeeping came by.
            if isDue(P .. ':alarm', now) then rung = special().ringAlarms(MAX_ALARMS) end
            if rung == 0 and not bounded then break end
        end
    end
end
each('SADD', P .. ':h:' .. holder, ids)
if isSpecial() then special().finishClaim() end
-- What is left is somebody else's to take.
if remaining == 0 and call('EXISTS', P .. ':IQ') == 1 then
    for _, share in ipairs(shares) do
        if share.number and call('EXISTS', readyKey(share.number, false)) == 1 then special().wake(share.number) end
    end
end
local kinds, queues = {}, {}
for kind, text in pairs(kindTexts) do
    kinds[#kinds + 1] = string.format('%.0f', kind)
    kinds[#kinds + 1] = text
end
for queue, name in pairs(queueNames) do
    queues[#queues + 1] = string.format('%.0f', queue)
    queues[#queues + 1] = name
end
return { table.concat(ids), texts, checkpoints, kinds, queues }
