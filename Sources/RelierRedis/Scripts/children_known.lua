-- flags: no-writes
-- uses: core task
-- Which of these ids a running task has pushed before. ARGV: settings · id · fence · ids. Answers one digit for each.
if not heldUnder(load(ARGV[2]), ARGV[3]) then return redis.error_reply('FENCED the fence is not the current one') end
local answer = {}
for index = 4, #ARGV do answer[#answer + 1] = call('SISMEMBER', P .. ':c:' .. ARGV[2], ARGV[index]) end
return table.concat(answer)
