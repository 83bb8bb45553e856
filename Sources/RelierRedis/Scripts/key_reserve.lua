-- uses: core task wake ready_key ready gates keys
-- Reserves the keys of tasks that are about to be pushed into another partition, which has the word on them from then on.
-- ARGV: settings · the partition · '1' to look only · then for each hash 16, id 16, a fresh name for an operation 16, a token of the reservation 8.
-- Answers for each 'o' and the operation when it is reserved, 'd' and who has it, or 'f' when another partition has to be asked.
local partition, answer = tonumber(ARGV[2]), {}
for index = 4, #ARGV do
    local hash, id, fresh, token = unpack_of('>c16c16c16c8', ARGV[index])
    local owner, operation, isElsewhere = keyOwner(KEY .. hash)
    if isElsewhere then
        answer[#answer + 1] = 'f'
    elseif owner then
        answer[#answer + 1] = 'd' .. owner
    else
        operation = operation or fresh
        if ARGV[3] == '' then
            call('SET', KEY .. hash, pack('>Bc16I4I7', ELSEWHERE, id, partition, real) .. operation .. token)
            call('SADD', P .. ':kf', 'k' .. hash)
        end
        answer[#answer + 1] = 'o' .. operation
    end
end
return answer
