-- flags: allow-oom
-- uses: core task
-- Remembers children that were pushed into other partitions, as long as their parent lives, under whatever fence. ARGV: settings · id · ids.
local task = load(ARGV[2])
if not task or task.state == DEAD then return 0 end
local ids = {}
for index = 3, #ARGV do ids[#ids + 1] = ARGV[index] end
each('SADD', P .. ':c:' .. task.id, ids)
setFlag(task, F.children)
return 1
