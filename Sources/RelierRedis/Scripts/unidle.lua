-- flags: allow-oom
-- uses: core ready_key wake
-- A waiter has stopped waiting by itself. Where it was woken and does not need that any more, for another partition was faster, the next one is woken in
-- its place: its entry is gone, and ready work is there. ARGV: settings · waiter · queues that it waited for, where that may be.
local entry = call('HGET', WAITERS, ARGV[2])
if entry then
    forgetWaiter(ARGV[2], entry)
else
    for index = 3, #ARGV do
        local queue = call('HGET', P .. ':qn', ARGV[index])
        if queue and call('EXISTS', readyKey(queue, false), readyKey(queue, true)) > 0 then wake(queue) end
    end
end
return 1
