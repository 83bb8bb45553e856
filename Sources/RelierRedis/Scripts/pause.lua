-- flags: allow-oom
-- uses: core names wake
-- Pauses a queue, or resumes it; again it changes nothing.
-- ARGV: settings · name · '1' to pause · '1' when another partition knows the queue. Answers 1, or the names of the queues that there are when this is none.
local number = call('HGET', P .. ':qn', ARGV[2])
if not number and ARGV[4] == '1' then number = queueNumber(ARGV[2]) end
if not number then
    local names = call('HKEYS', P .. ':qn')
    table.sort(names)
    return names
end
if ARGV[3] == '1' then
    call('HSETNX', P .. ':paused', number, string.format('%.0f', now))
elseif call('HDEL', P .. ':paused', number) == 1 then
    wakeAll()
    flushWakes()
end
return 1
