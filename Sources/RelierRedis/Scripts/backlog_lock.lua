-- flags: allow-oom
-- uses: core
-- Whoever counts the tasks that wait in all partitions and pushes as many as still may is alone with that, for two seconds at most.
-- ARGV: settings · who 16 · '1' to be done with it. Answers 1 when it is that one's turn.
local key = P .. ':adl'
if ARGV[3] == '1' then
    if call('GET', key) == ARGV[2] then call('DEL', key) end
    return 1
end
return call('SET', key, ARGV[2], 'NX', 'PX', 2000) and 1 or 0
