-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- Notes that a running task is about to take another partition's key by hand, so that its end frees it. Only the key's own partition says whose it is.
-- ARGV: settings · id · fence · hash · '1' to forget a value that the task settled it with ·
-- a token of the claim 8. Answers 'c' where there is such a value.
local task, name = load(ARGV[2]), ARGV[4] .. ARGV[2]
if not heldUnder(task, ARGV[3]) then return redis.error_reply('FENCED the fence is not the current one') end
local record = readKey(HAND .. name)
if record and record.state == 2 and record.until_ > now and ARGV[5] == '' then return 'c' end
call('SET', HAND .. name, pack('>Bc16I4I7', 1, task.id, 0, 0) .. ARGV[6])
call('SADD', P .. ':o:' .. task.id, name)
setFlag(task, F.manual)
return ''
