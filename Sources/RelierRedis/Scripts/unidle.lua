-- flags: allow-oom
-- uses: core wake
-- A waiter has stopped waiting by itself. ARGV: settings · waiter.
local entry = call('HGET', WAITERS, ARGV[2])
if entry then forgetWaiter(ARGV[2], entry) end
return 1
