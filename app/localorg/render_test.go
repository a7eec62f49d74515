package localorg

import "testing"

func TestNumbersAreFormattedAsPeopleReadThem(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 540000: "540,000.00", -1234.5: "-1,234.50", -0.5: "-0.50", 999.999: "1,000.00", 1e30: "1000000000000000019884624838656.00"} {
		if got := decimal(v); got != want {
			t.Errorf("decimal(%v) = %q, want %q", v, got, want)
		}
	}
}
