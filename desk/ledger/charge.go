package ledger

// A Rate is how work turns into credits (A2).
type Rate struct {
	Minutes int   // that a credit pays for; 30 by default
	Minimum int64 // credits an incident costs at least; 1 by default
}

// Charge is what an incident costs in credits: max(minimum, ceil(minutes / rate)). The minutes are all of it, since it
// is rounded once. No time costs nothing.
func Charge(minutes int, r Rate) int64 {
	if minutes <= 0 {
		return 0
	}
	return max(r.Minimum, int64(ceil(minutes, r.Minutes)))
}

// Hourly is the price of work billed by the hour: the units begun, once over all minutes, and the amount for these, half up to the currency's
// minor unit ("Hourly" of MISSION.md). The minutes are all of one ticket and kind; perHour is in minor units.
func Hourly(minutes, unitMinutes int, perHour int64) int64 {
	if minutes <= 0 {
		return 0
	}
	return (int64(ceil(minutes, unitMinutes))*int64(unitMinutes)*perHour + 30) / 60
}

// ceil is a / b, rounded up. A rate without minutes is a broken policy, and panics here as any division by zero.
func ceil(a, b int) int { return (a-1)/b + 1 }
