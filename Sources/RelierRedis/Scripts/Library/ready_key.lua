-- The lists of ready tasks, for each queue one of the queued and one of the recovered.
local function readyKey(queue, isRecovered) return P .. (isRecovered and ':u:' or ':q:') .. queue end
