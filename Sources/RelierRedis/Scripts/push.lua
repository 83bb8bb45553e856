-- uses: core task ready_key ending_read
-- special: names wake ready gates keys backlog pushing
-- Accepts tasks in order, as far as the policy lets them in; with a tick, only if its schedule stands where the scheduler saw it.
--
-- A task that is known by its id, as live, dead or ended, changes nothing: the call may be sent again. Parents are checked before anything is
-- written. Deciding, counting and storing are one step: no window takes more than its limit.
--
-- ARGV: settings · policy (limit 8, window 8, backlog 8, age 8; all ones for none), '' or '?' to look only, as if nothing new fitted · tick or '' · parents, 32 bytes each (id, fence, token) ·
-- number of queues, their names · number of kinds, their names · number of limiters, each kind 1, maximum 8, span 8, length 2, name, arguments ·
-- then for each task a head and a tail.
-- Head: id 16 · queue 2 · kind 2 · parent 2 (0 for none) · due's mode 1 (0 now, 1 after, 2 at) · due 8 · marks 1 (1 key, 2 limits, 4 key reserved in its own partition) ·
-- key's time to live 8 · result's time to live 8 · [hash 16, a fresh name for an operation 16 or the reserved one's and the reservation's token 8] · [count 1, for each limit: limiter 2, hash 8].
-- Answers: one byte for each task (0 accepted, 1 known, 2 rejected, 3 duplicate, 4 its key belongs to a task in another partition, 5 its reservation is
-- lost), owners of duplicates in their order, and of a rejection cause and
-- microseconds; false for a tick that is refused.
local NONE = 18446744073709551615
local policyText, tickText, parents = ARGV[2], ARGV[3], ARGV[4]
local at = 5

local function names(numbering)
    local count = tonumber(ARGV[at])
    local list = {}
    for index = 1, count do list[index] = ARGV[at + index] end
    at = at + count + 1
    return list
end
local queueNames, kindNames, limiterTexts = names(), names(), names()
local first, last = at, #ARGV

-- The schedule of a tick: settled 8 · ticked 8 · task 16 · announced 8 · definition.
local tick
if tickText ~= '' then
    local after, settled, latest, length = unpack_of('>I8I8I8I2', tickText)
    local name = sub(tickText, 27, 26 + length)
    local stored = call('HGET', P .. ':sched', name)
    if not stored or (unpack_of('>I8', stored)) ~= after or sub(stored, 41) ~= sub(tickText, 27 + length) then return false end
    tick = { name = name, settled = settled, latest = latest, stored = stored }
end

for index = 0, #parents / 32 - 1 do
    if not heldUnder(load(sub(parents, index * 32 + 1, index * 32 + 16)), sub(parents, index * 32 + 17, index * 32 + 32)) then
        return redis.error_reply('FENCED ' .. index + 1)
    end
end

-- Which of the ids have ended and are still remembered.
local ended = {}
do
    local bySlice = {}
    for index = first, last, 2 do
        local id = sub(ARGV[index], 1, 16)
        local slice = sub(id, 1, 4)
        local ids = bySlice[slice]
        if not ids then ids = {} bySlice[slice] = ids end
        ids[#ids + 1] = sub(id, 5)
    end
    for slice, ids in pairs(bySlice) do
        local key = P .. ':r:' .. slice
        if call('EXISTS', key) == 1 then
            for from = 1, #ids, 4000 do
                local found = call('HMGET', key, unpack(ids, from, math.min(#ids, from + 3999)))
                for index, text in ipairs(found) do
                    if text and recordEnds(text) > now then ended[slice .. ids[from + index - 1]] = true end
                end
            end
        end
    end
end

-- Admission: start 8 · length 8 · admitted 8 · limit 8.
local policy, window
local cause, left
local function optional(value) if value < NONE then return value end end
if policyText == '?' then
    policy, cause, left = {}, 'window', 1
elseif policyText ~= '' then
    local limit, length, backlog, age = unpack_of('>I8I8I8I8', policyText)
    policy = { limit = optional(limit), length = length, maxBacklog = optional(backlog), maxAge = optional(age) }
    local stored = call('GET', P .. ':adm')
    if stored then
        local start, span, admitted, cap = unpack_of('>I8I8I8I8', stored)
        if now < start + span then window = { start = start, length = span, admitted = admitted, limit = cap } end
    end
end

local backlog, oldest
local arriving = {}
local outcomes, owners = {}, {}
local function arrive(queue, id)
    local list = arriving[queue]
    if not list then
        list = {}
        arriving[queue] = list
    end
    list[#list + 1] = id
end

-- Numbers of what the call names, looked up once.
local queues, kinds = {}, {}
--@special

local function queueOf(index)
    local number = queues[index]
    if not number then
        number = tonumber(call('HGET', P .. ':qn', queueNames[index])) or special().queueNumber(queueNames[index])
        queues[index] = number
    end
    return number
end
local function kindOfTask(index)
    local number = kinds[index]
    if not number then
        number = tonumber(call('HGET', P .. ':kn', kindNames[index])) or special().kindNumber(kindNames[index])
        kinds[index] = number
    end
    return number
end

-- Why a new task may not come in now: cause and the time left.
local function refusal(isChild)
    if not policy.limit and isChild then return nil end
    local left = window and window.start + window.length - now or policy.length
    if policy.limit and window and window.admitted >= policy.limit then return 'window', left end
    if isChild then return nil end
    if policy.maxBacklog and special().countBacklog() >= policy.maxBacklog then return 'backlog', left end
    if policy.maxAge then
        local since = special().oldestWaiting()
        if since and now - since > policy.maxAge then return 'age', left end
    end
    return nil
end

local function admit()
    if not policy.limit then return end
    if not window then window = { start = now, length = policy.length, admitted = 0 } end
    window.admitted, window.limit, window.changed = window.admitted + 1, policy.limit, true
end

-- The start of a plain task's string by queue and kind: everything up to the times to live.
local starts = {}
local FRESH = string.rep('\0', 8 + 8 + 4 + 8 + 8 + 4 + 4)
local function startOf(state, flags, queue, kind, due, waits)
    return pack('>I8BI2I4I4', now, state, flags, queue, kind) .. FRESH .. pack('>I8B', due, waits)
end

-- One task that has no key, no limits and no parent.
local function pushPlain(id, queue, kind, mode, due, ttls, tail)
    if mode == 1 and due > 0 then
        due = later(due)
        if not call('SET', TASK .. id, startOf(SCHEDULED, 0, queue, kind, due, 0) .. ttls .. tail, 'NX') then return '\1' end
        special().schedule(queue, false, due, id)
        return '\0'
    elseif mode == 2 and due > wall then
        if not call('SET', TASK .. id, startOf(SCHEDULED, F.wall, queue, kind, due, 0) .. ttls .. tail, 'NX') then return '\1' end
        special().schedule(queue, true, due, id)
        return '\0'
    end
    local known = starts[kind]
    local start = known and known[queue]
    if not start then
        start = startOf(QUEUED, 0, queue, kind, 0, 0)
        if not known then
            known = {}
            starts[kind] = known
        end
        known[queue] = start
    end
    if not call('SET', TASK .. id, start .. ttls .. tail, 'NX') then return '\1' end
    arrive(queue, id)
    if backlog then backlog = backlog + 1 end
    return '\0'
end

-- The answer to a task that is new or not, whose turn it is.
local function push(head, tail)
    local id, queueIndex, kindIndex, parent, mode, due, marks, ttls = unpack_of('>c16I2I2I2BI8Bc16', head)
    if ended[id] then return '\1' end
    if policy then
        local why, wait = cause, left
        if not why then why, wait = refusal(parent > 0) end
        if why then
            local answer = special().answerWithoutStoring(id, head, parent, marks)
            if answer then return answer end
            cause, left = why, wait
            return '\2'
        end
    end
    local outcome
    if marks == 0 and parent == 0 then
        outcome = pushPlain(id, queueOf(queueIndex), kindOfTask(kindIndex), mode, due, ttls, tail)
    else
        outcome = special().pushSpecial(id, head, parent, mode, due, marks, ttls, tail, queueOf, queueIndex, kindOfTask, kindIndex, startOf)
    end
    if policy and outcome == '\0' then admit() end
    return outcome
end

for index = first, last, 2 do outcomes[#outcomes + 1] = push(ARGV[index], ARGV[index + 1]) end
for index = 0, #parents / 32 - 1 do
    local parent = load(sub(parents, index * 32 + 1, index * 32 + 16))
    if parent then setFlag(parent, F.children) end
end
for queue, ids in pairs(arriving) do
    each('RPUSH', readyKey(queue, false), ids)
end
if window and window.changed then
    call('SET', P .. ':adm', pack('>I8I8I8I8', window.start, window.length, window.admitted, window.limit), 'PXAT',
        expiry(window.start + window.length))
end
if tick then
    local _, ticked, task, announced = unpack_of('>I8I8c16I8', tick.stored)
    local outcome = outcomes[#outcomes]
    if outcome == '\3' then
        task = owners[#owners]
    elseif outcome == '\0' or outcome == '\1' then
        task = sub(ARGV[last - 1], 1, 16)
    end
    if tick.latest < NONE then ticked = tick.latest end
    call('HSET', P .. ':sched', tick.name, pack('>I8I8c16I8', tick.settled, ticked, task, announced) .. sub(tick.stored, 41))
end
-- Somebody waits for work.
if isSpecial() or call('EXISTS', P .. ':IQ') == 1 then
    for queue in pairs(arriving) do special().noteReady(queue) end
    special().flushWakes()
end
return { table.concat(outcomes), table.concat(owners), cause or '', left and string.format('%.0f', left) or '' }
