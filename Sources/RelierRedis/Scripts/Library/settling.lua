-- Settlements of all kinds but that of a plain commit. Part of `settle.lua`, whose collections it fills.
local function commit(task, result)
    local answers = task.resultTTL
    if task.hash then
        completeKey(task.hash, task.id, later(task.keyTTL))
        -- Duplicates of a finished task are answered from its result, so it stays as long as the key does.
        answers = math.max(answers, task.keyTTL)
    end
    if band(task.flags, SPECIAL) ~= 0 then
        forgetExtras(task, true, 0)
        announceEnd(task)
    end
    local resultUntil = later(answers)
    record(task, COMMITTED, true, result, resultUntil, math.max(resultUntil, later(HISTORY)), task.holder)
    dead[#dead + 1] = task.key
end

local function failure(text)
    local length = unpack_of('>I4', text)
    return sub(text, 5, 4 + length), sub(text, 5 + length)
end

-- An attempt has ended normally: what the task lost in a row counts no more.
local function startCountAnew(task)
    task.resurrections = 0
    local losses = has(task.flags, F.losses) and lossesOf(task)
    if losses and losses.alone > 0 then
        losses.alone = 0
        keepLosses(task, losses)
    end
end

-- `keyHolder` is the incarnation in which its body still runs, 0 for none: if the task ends here, its keys are kept until that has ended.
local function retry(task, pause, keyHolder, reason, message)
    if has(task.flags, F.cancelling) and keyHolder ~= 0 then return endCancelled(task, keyHolder, true) end
    startCountAnew(task)
    note(task, OUTCOME.retry, message == '' and reason or reason .. ': ' .. message)
    if has(task.flags, F.cancelling) then return endCancelled(task, 0, true) end
    if has(task.flags, F.progress) then call('DEL', P .. ':pr:' .. task.id) end
    task.flags = bor(band(task.flags, bnot(F.progress + F.alone + F.recovered + F.wall)), F.settled)
    task.failures = math.min(task.failures + 1, 2147483647)
    task.holder, task.request, task.started = 0, 0, 0
    if pause <= 0 then return makeReady(task) end
    if has(task.flags, F.limited) then leaveGates(task) end
    task.state, task.due = SCHEDULED, later(pause)
    store(task)
    schedule(task.queue, false, task.due, task.id)
end

-- What waits holds no key taken by hand: otherwise two tasks could wait for each other for ever.
local function snooze(task, hash, key)
    if has(task.flags, F.manual) then
        freeHands(task.id, 0)
        clearFlag(task, F.manual)
    end
    local holding = isOwn(hash) and readKey(HAND .. hash)
    local isFree = isOwn(hash) and not (holding and isHeld(holding))
    if isFree or has(task.flags, F.cancelling) then return handBack(task, OUTCOME.snoozed, true) end
    -- Its own partition says whether it is free, and tells when it is; the partition of its holder whether that is still there.
    if not isOwn(hash) then post('r', hash) elseif holding.state == ELSEWHERE then post('g', hash) end
    note(task, OUTCOME.snoozed, "waits for the key '" .. key .. "'")
    if has(task.flags, F.progress) then call('DEL', P .. ':pr:' .. task.id) end
    if has(task.flags, F.limited) then leaveGates(task) end
    task.flags = bor(band(task.flags, bnot(F.progress)), F.settled)
    task.state, task.holder, task.request, task.started = WAITING, 0, 0, 0
    store(task)
    call('ZADD', P .. ':aw:' .. hash, string.format('%.0f', task.enqueued), task.id)
    call('SADD', P .. ':aws', hash)
    call('SET', P .. ':a:' .. task.id, hash .. key)
end

-- The answer to who does not hold the fence: done when this claim's own settlement was carried out before, wherever the task is since; refused; or
-- that the task is not known here.
local function answerLate(id, task, fence)
    if task and task.state ~= COMMITTED then
        local isDone = task.state ~= RUNNING and has(task.flags, F.settled) and pack('>I8c8', task.fence, task.token) == fence
        return isDone and '\0' or '\1'
    end
    local text = call('HGET', P .. ':r:' .. sub(id, 1, 4), sub(id, 5))
    if not text then return '\2' end
    return recordEnds(text) > now and endedUnder(text, fence) and '\0' or '\1'
end

local function settleSpecial(id, task, fence, outcome, bodyRuns, pause, text)
    if not heldUnder(task, fence) then return answerLate(id, task, fence) end
    seen[id] = true
    release(task)
    if (bodyRuns == 1 or outcome == 4) and has(task.flags, F.limited) then keepSlots(task) end
    if outcome == 1 then
        commit(task, text)
    elseif outcome == 2 then
        retry(task, pause, bodyRuns == 1 and task.holder or 0, failure(text))
    elseif outcome == 3 or outcome == 4 then
        local reason, message = failure(text)
        note(task, OUTCOME.quarantined, reason)
        quarantine(task, reason, message, true, outcome == 4 and task.holder or 0)
    elseif outcome == 5 then
        handBack(task, OUTCOME.handedBack, true)
    else
        snooze(task, sub(text, 1, 16), sub(text, 17))
    end
    return '\0'
end
