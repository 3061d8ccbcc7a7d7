package settings

import "time"

// Inventory says how often phones are asked anew what they are like, and when they are left alone.
type Inventory struct {
	Every string `json:"every" enum:"never,day,week,month" doc:"How often phones are asked what they are like: never, day, week or month"`
	// QuietFrom and QuietUntil are by the clock of the server's computer; where one is empty there are no quiet hours.
	QuietFrom  string `json:"quiet_from" doc:"Time of day from which phones are not asked, by the clock of the server: 20:00; empty: they are at any hour"`
	QuietUntil string `json:"quiet_until" doc:"Time of day until which phones are not asked: 07:00"`
}

// Before is the time before which an inventory is too old; false: none ever is.
func (i Inventory) Before(now time.Time) (time.Time, bool) {
	switch i.Every {
	case "day":
		return now.AddDate(0, 0, -1), true
	case "week":
		return now.AddDate(0, 0, -7), true
	case "month":
		return now.AddDate(0, -1, 0), true
	}
	return time.Time{}, false
}

// Quiet says whether phones are left alone at a time, which is in the zone of whoever set the hours. The hours may go
// past midnight.
func (i Inventory) Quiet(now time.Time) bool {
	from, errFrom := time.Parse(clock, i.QuietFrom)
	until, errUntil := time.Parse(clock, i.QuietUntil)
	if errFrom != nil || errUntil != nil {
		return false
	}
	at := now.Hour()*60 + now.Minute()
	begin, end := from.Hour()*60+from.Minute(), until.Hour()*60+until.Minute()
	if begin <= end {
		return begin <= at && at < end
	}
	return at >= begin || at < end
}

// clock is how a time of day is written.
const clock = "15:04"

func (i Inventory) validate() error {
	switch i.Every {
	case "never", "day", "week", "month":
	default:
		return invalid("inventory.every", "not_choice", i.Every)
	}
	for field, value := range map[string]string{"inventory.quiet_from": i.QuietFrom, "inventory.quiet_until": i.QuietUntil} {
		if _, err := time.Parse(clock, value); value != "" && err != nil {
			return invalid(field, "not_time", value)
		}
	}
	return nil
}
