package offline

// LaneStart returns the first changes of a lane, in order, at most limit.
func (tx *Tx) LaneStart(lane string, limit int) ([]Change, error) {
	key := tx.laneKey(lane)
	var ids []uint64
	tx.scan(bLanes, key, func(k, _ []byte) bool {
		ids = append(ids, number(k[len(key):]))
		return len(ids) < limit
	})
	return tx.changes(ids)
}
