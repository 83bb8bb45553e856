-- flags: no-writes
-- uses: core names ready_key
-- How many recovered tasks wait, and how many wait to run alone. ARGV: settings.
local count, alone = 0, 0
for _, queue in ipairs(allQueues()) do count = count + call('LLEN', readyKey(queue, true)) end
for _, kind in ipairs(call('SMEMBERS', P .. ':sk')) do alone = alone + call('LLEN', P .. ':s:' .. kind) end
return { count, alone }
