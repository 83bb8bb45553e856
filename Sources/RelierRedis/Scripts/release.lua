-- flags: allow-oom
-- uses: core task names wake ready_key ready history gates keys ending_read records ending forget
-- Takes away what dead incarnations held: each task is queued again, made a suspect, handed back or quarantined, once, whoever calls.
--
-- What becomes of a task is decided above the engine; here its four answers are looked up by "resurrections used up" and "ran alone".
-- An incarnation that holds nothing more is forgotten.
--
-- ARGV: settings · 'i' incarnation, counter or '' / 'f' incarnation that is known to be dead, '' / 'p' process, '' · how the worker ended · 1 observed or 2 not · resurrections allowed · batch ·
-- depth · then four fates (left and among others, left and alone, used up and among others, used up and alone): 1 hand-back, 2 queue, 3 suspect,
-- 4 WorkerCrash, 5 max_resurrections_exceeded.
-- Answers the ids queued again, made suspects, quarantined, handed back, one after the other; whether more is left; whether the depth is the reason; whether the
-- incarnation lives.
local allowed, left, depth = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local targets, lives = {}, 0
if ARGV[2] ~= 'p' then
    local number = tonumber(call('HGET', P .. ':in', ARGV[3]))
    if number and (ARGV[2] == 'f' or (ARGV[4] ~= '' and call('HGET', P .. ':m:' .. number, 'counter') == ARGV[4])) then
        targets[1] = number
    elseif number then
        lives = 1
    end
else
    for _, number in ipairs(call('HVALS', P .. ':in')) do
        if call('HGET', P .. ':m:' .. number, 'process') == ARGV[3] then targets[#targets + 1] = tonumber(number) end
    end
    table.sort(targets)
end

-- How many recovered tasks wait.
local function recovered()
    local count = 0
    for _, queue in ipairs(allQueues()) do count = count + call('LLEN', readyKey(queue, true)) end
    return count
end

local moved, remaining, throttled = { {}, {}, {}, {} }, 0, 0
local function took(kind, task) table.insert(moved[kind], task.id) end

local function release(task)
    note(task, OUTCOME.workerGone, ARGV[5], tonumber(ARGV[6]))
    local alone, usedUp = has(task.flags, F.alone), task.resurrections >= allowed
    local fate = tonumber(ARGV[10 + (usedUp and 2 or 0) + (alone and 1 or 0)])
    if fate == 1 then
        requeue(task, alone, has(task.flags, F.recovered), false, false)
        took(4, task)
    elseif fate == 2 then
        requeue(task, false, true, true, false)
        took(1, task)
    elseif fate == 3 then
        requeue(task, true, true, true, false)
        took(2, task)
    else
        local message = ARGV[5]
        if fate == 5 then
            message = string.format('%d workers were lost under it, %d are allowed; the last: %s', task.resurrections + 1, allowed, message)
        end
        quarantine(task, fate == 4 and 'WorkerCrash' or 'max_resurrections_exceeded', message, false, 0)
        took(3, task)
    end
end

for _, number in ipairs(targets) do
    local room = depth - recovered()
    local ids = heldBy(number)
    if left <= 0 and #ids > 0 then
        remaining = 1
        break
    end
    if room <= 0 and #ids > 0 then
        remaining, throttled = 1, 1
        break
    end
    local count = math.max(0, math.min(#ids, left, room))
    for index = 1, count do
        local task = load(ids[index])
        call('SREM', P .. ':h:' .. number, ids[index])
        if task and task.state == RUNNING and task.holder == number then release(task) end
    end
    left = left - count
    if count == #ids then
        forgetIncarnation(number)
    else
        remaining = 1
        if count == room then throttled = 1 end
    end
    openGates()
end
flushRecords()
flushWakes()
return { table.concat(moved[1]), table.concat(moved[2]), table.concat(moved[3]), table.concat(moved[4]), remaining, throttled, lives }
