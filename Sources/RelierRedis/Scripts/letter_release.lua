-- flags: allow-oom
-- uses: core task losses wake ready_key ready history gates keys ending_read records ending
-- Puts a dead letter back into its own queue with its checkpoint, and takes its key again in the same step.
-- ARGV: settings · id · '1' to start the count of resurrections anew · a fresh name for an operation, 16, or where the key was reserved
-- in its own partition the reserved one, and the reservation's token 8.
-- Answers '' when done, 'n' when it is no dead letter, 'b' when its body still runs and holds a key that it took by hand, 'k' and who holds the key,
-- 'f' when another partition has to be asked, or 'l' when the reservation is lost.
local id = ARGV[2]
local task = load(id)
if not task or task.state ~= DEAD then return 'n' end
if isHandKept(id) then return 'b' end
if task.hash then
    local operation = sub(ARGV[4], 1, 16)
    if isOwn(task.hash) then
        local owner, isElsewhere
        owner, operation, isElsewhere = takeKey(task.hash, id, operation)
        if isElsewhere then return 'f' end
        if owner then return 'k' .. owner end
    elseif not takeReserved(task.hash, id, operation, sub(ARGV[4], 17, 24)) then
        return 'l'
    end
    call('SETRANGE', task.key, 88, operation)
end
if ARGV[3] == '1' then
    task.resurrections = 0
    local losses = has(task.flags, F.losses) and lossesOf(task)
    if losses then
        losses.alone, losses.total, losses.last = 0, 0, 0
        keepLosses(task, losses)
    end
end
task.failures, task.due = 0, 0
task.flags = band(task.flags, F.checkpoint + F.limited + F.keyed + F.history + F.settled + F.losses)
forgetReason(id)
if has(task.flags, F.limited) then
    -- It comes after those that were pushed meanwhile.
    if #gatesOf(task) > 0 then
        task.place = call('HINCRBY', P .. ':n', 'place', 1)
        call('SETRANGE', task.key, task.hash and 120 or HEAD, pack('>I8', task.place))
    end
    enter(task)
    openGates()
else
    task.state = QUEUED
    store(task)
    appendReady(task)
end
flushWakes()
return ''
