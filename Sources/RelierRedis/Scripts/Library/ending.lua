-- Records of the ended: one hash for each slice of ids (their first four bytes, 65 s of pushes), the rest of the id as its field.
-- state 1 · marks 1 (1 its own settlement ended it, 2 has a time of its own at which the record ends, 4 has a history, 8 has a key) · queue 4 · kind 4 ·
-- fence 8, token 8 · holder 4 · started 8 · failures 4 · resurrections 4 · enqueued 7 · ended 7 · result until 7 · [record until 7] ·
-- [hash of the key 16] · result. Mostly parts of the task's own string, so that a plain commit copies them.
local RECORD = '>BBI4I4I8c8I4I8I4I4I7I7I7'
local function record(task, state, settled, result, resultUntil, recordUntil, holder)
    local marks, tail = settled and MARK.settled or 0, ''
    if recordUntil > resultUntil then
        marks = marks + MARK.ownEnd
        tail = pack('>I7', recordUntil)
    end
    if has(task.flags, F.history) then
        marks = marks + MARK.history
        call('PEXPIREAT', P .. ':y:' .. task.id, expiry(math.max(recordUntil, resultUntil)))
    end
    if state == CANCELLED and task.hash then
        marks = marks + MARK.keyed
        tail = tail .. task.hash
    end
    keepRecord(task.id, math.max(recordUntil, resultUntil), pack(RECORD, state, marks, task.queue, task.kind, task.fence, task.token, holder,
        task.started, task.failures, task.resurrections, task.enqueued, now, resultUntil) .. tail .. result)
end

-- Drops what stands beside a task that ends; with `checkpoint` also what goes with a task that may come back.
local function forgetExtras(task, checkpoint, keyHolder)
    if checkpoint and has(task.flags, F.checkpoint) then call('DEL', P .. ':z:' .. task.id) end
    if checkpoint and has(task.flags, F.losses) then call('DEL', P .. ':lo:' .. task.id) end
    if has(task.flags, F.progress) then call('DEL', P .. ':pr:' .. task.id) end
    if has(task.flags, F.children) then call('DEL', P .. ':c:' .. task.id) end
    if has(task.flags, F.manual) then freeHands(task.id, keyHolder) end
    if has(task.flags, F.limited) then leaveGates(task) end
end

-- Ends a live task as cancelled. `holder` is the incarnation in which its body still runs, 0 for none; its keys are kept until that has ended.
local function endCancelled(task, holder, settled)
    if task.hash then freeKey(task.hash, task.id, holder) end
    if holder ~= 0 then keepSlots(task) end
    forgetExtras(task, true, holder)
    call('DEL', task.key)
    record(task, CANCELLED, settled, '', now, later(retention().history), holder)
    announceEnd(task)
end

-- Into the dead letter queue, the checkpoint with it. `x:` holds quarantined 8 · attempts 4 · length of the reason 4 · reason · message.
local function quarantine(task, reason, message, settled, keyHolder)
    if task.hash then freeKey(task.hash, task.id, keyHolder) end
    forgetExtras(task, false, keyHolder)
    announceEnd(task)
    local attempts = task.failures + (task.fence > 0 and 1 or 0)
    local kept = F.checkpoint + F.limited + F.keyed + F.history + F.losses
    task.flags = band(task.flags, kept)
    if settled then task.flags = bor(task.flags, F.settled) end
    task.state, task.holder, task.request, task.started, task.due, task.waits = DEAD, 0, 0, 0, 0, 0
    store(task)
    call('SET', P .. ':x:' .. task.id, pack('>I8I4I4', now, attempts, #reason) .. reason .. message)
    call('ZADD', P .. ':dead', call('HINCRBY', P .. ':n', 'dead', 1), task.id)
    call('HINCRBY', P .. ':reasons', reason, 1)
end

-- A dead letter leaves the queue.
local function forgetReason(id)
    local text = call('GET', P .. ':x:' .. id)
    call('DEL', P .. ':x:' .. id)
    call('ZREM', P .. ':dead', id)
    if not text then return end
    local length = unpack_of('>I4', text, 13)
    local reason = sub(text, 17, 16 + length)
    if call('HINCRBY', P .. ':reasons', reason, -1) <= 0 then call('HDEL', P .. ':reasons', reason) end
end

-- Puts a task that stops running back where its next worker finds it. Its attempt is noted already.
local function requeue(task, alone, recovered, settled)
    if has(task.flags, F.cancelling) then return endCancelled(task, 0, settled) end
    if has(task.flags, F.progress) then call('DEL', P .. ':pr:' .. task.id) end
    task.flags = band(task.flags, bnot(F.progress + F.alone + F.recovered + F.settled))
    if alone then task.flags = bor(task.flags, F.alone) end
    if recovered then task.flags = bor(task.flags, F.recovered) end
    if settled then task.flags = bor(task.flags, F.settled) end
    task.holder, task.request, task.started = 0, 0, 0
    if alone and has(task.flags, F.limited) then stopRunning(task) end
    makeReady(task)
end

-- Back to the head of its queue, or among the suspects, counting nothing.
local function handBack(task, outcome, settled)
    note(task, outcome)
    requeue(task, has(task.flags, F.alone), has(task.flags, F.recovered), settled)
end
