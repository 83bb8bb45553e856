-- flags: allow-oom
-- uses: core task names wake ready_key ready history gates keys ending_read records ending forget
-- Takes leave of an incarnation after a clean stop: what it still holds is handed back. Again it changes nothing.
-- ARGV: settings · incarnation.
local number = tonumber(call('HGET', P .. ':in', ARGV[2]))
if not number then return 0 end
local ids = heldBy(number)
-- The youngest first, so that each finds its place at the head.
for index = #ids, 1, -1 do
    local task = load(ids[index])
    if task and task.state == RUNNING and task.holder == number then handBack(task, OUTCOME.handedBack, false) end
end
forgetIncarnation(number)
openGates()
flushRecords()
flushWakes()
return 1
