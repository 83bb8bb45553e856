-- flags: allow-oom
-- uses: core task names wake ready_key ready history gates keys ending_read records ending foreign
-- Registers an incarnation and what it can run, starts its lease, and brings back parked tasks that it can run.
--
-- The limits of its kinds are in force from then on; those that a kind does not list limit nothing any more. An incarnation joins once.
--
-- ARGV: settings · incarnation · process · name · worker's own words as JSON · lease in microseconds · '1' when it serves re-queue · '1' when it runs suspects alone ·
-- count of queues, their names · count of kinds, each name, version, count of limits, and for each kind, maximum, span, arguments.
-- Answers its number.
local incarnation, process, name = ARGV[2], ARGV[3], ARGV[4]
local at = 9
local function nextArgument()
    at = at + 1
    return ARGV[at - 1]
end
local known = call('HGET', P .. ':incu', incarnation)
if known then
    local label = call('HGET', P .. ':inc', known)
    return redis.error_reply('CONFLICT ' .. (label and sub(label, 33) or '?'))
end
local number = call('HINCRBY', P .. ':n', 'incarnation', 1)
call('HSET', P .. ':incu', incarnation, number)
call('HSET', P .. ':inc', number, incarnation .. process .. name)
call('HSET', P .. ':in', incarnation, number)
call('HSET', P .. ':m:' .. number, 'info', ARGV[5], 'joined', string.format('%.0f', now), 'lease', ARGV[6], 'counter', 1, 'process', process,
    'isolated', ARGV[8])
if ARGV[7] == '1' then call('SADD', P .. ':ded', number) end
for _ = 1, tonumber(nextArgument()) do queueNumber(nextArgument()) end

local versions = {}
local anyLimiter = call('EXISTS', P .. ':lim') == 1
for _ = 1, tonumber(nextArgument()) do
    local task, version, count = nextArgument(), tonumber(nextArgument()), tonumber(nextArgument())
    versions[task] = math.max(versions[task] or version, version)
    local declared = {}
    for _ = 1, count do
        local kind, maximum, span, arguments = tonumber(nextArgument()), tonumber(nextArgument()), tonumber(nextArgument()), nextArgument()
        declared[kind] = true
        setLimiter(limiterNumber(kind, task), maximum, span, 1, task, arguments)
    end
    if anyLimiter then
        for kind = 1, 4 do
            local limit = not declared[kind] and call('HGET', P .. ':ln', string.char(kind) .. task)
            if limit then setLimiter(tonumber(limit), UNLIMITED, 0, 1, task, '[]') end
        end
    end
end
for task, version in pairs(versions) do call('HSET', P .. ':v:' .. number, task, version) end

for _, queue in ipairs(allQueues()) do
    for _, kind in ipairs(call('SMEMBERS', P .. ':pk:' .. queue)) do
        local text = call('HGET', P .. ':ks', kind)
        local version = text and versions[sub(text, 9)]
        if version and (unpack_of('>I8', text)) <= version then
            while unparkKind(queue, kind, 5000) == 5000 do end
        end
    end
end
openGates()
wakeAll()
flushWakes()
return number
