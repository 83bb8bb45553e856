-- flags: no-writes
-- uses: core names ready_key
-- How many recovered tasks wait. ARGV: settings.
local count = 0
for _, queue in ipairs(allQueues()) do count = count + call('LLEN', readyKey(queue, true)) end
return count
