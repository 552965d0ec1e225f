using Ixy.Vfio;

namespace Ixy.Labs.Grader;

/// <summary>Exercise 2.</summary>
internal sealed class StartCard : Exercise
{
    private const uint CTRL = 0x00000, EIMS = 0x00880, EIMC = 0x00888, RDRXCTL = 0x02F00;
    private const uint AUTOC = 0x042A0, LINKS = 0x042A4, EEC = 0x10010;
    private const uint RST = 1u << 26, LRST = 1u << 3, AutoReadDone = 1u << 9, DmaInitDone = 1u << 3;
    private const uint Up = 1u << 30, AllCauses = 0x7FFF_FFFF;

    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1), s_twoSeconds = 2 * s_second;

    internal override int Number => 2;

    internal override string Title => "reset the card, and bring the link up";

    internal override string File => "2-start-card.cs";

    internal override Type Contract => typeof(ICardStarter);

    internal override bool AllowsGiven => false;

    internal override IReadOnlyList<LabTask> Tasks { get; } = [
        new("resets the card, and waits until it is ready", 4, Resets),
        new("brings the link up", 4, BringsLinkUp),
        new("gives up where there is no cable", 2, GivesUp)];

    // Several cards, because few are slow in the one respect that a driver forgets to wait for.
    private static void Resets(Trial trial)
    {
        for (ulong card = 0; card < (trial.IsPerverse ? 16ul : 1); card++) Resets(trial, card);
    }

    private static void Resets(Trial trial, ulong number)
    {
        var (starter, card, registers) = Open(trial, new LabWire(), number);
        // As a previous driver may have left it: interrupts are enabled, and one is pending.
        trial.CardOf(card).OpenBar(0).Write32(EIMS, 0x8010_0001 & AllCauses);
        var written = new List<(uint Register, uint Value, int Line)>();
        card.Written = (_, register, value) => written.Add((register, value, trial.Run.Line));
        Reset(trial, starter, card, registers);
        int line = trial.Run.Line;
        int reset = written.FindLastIndex(one => one.Register == CTRL && (one.Value & (RST | LRST)) != 0);
        if (reset < 0) throw trial.Failed("Reset never wrote RST and LRST (bits 26 and 3) to CTRL.", line, "82599 4.6.3.2");
        if ((written[reset].Value & (RST | LRST)) != (RST | LRST))
        {
            throw trial.Failed(
                $"This is not a global reset: CTRL was written as 0x{written[reset].Value:x8}. RST (bit 26) resets the "
                + "card, LRST (bit 3) the link; write both at once.", written[reset].Line, "82599 4.6.3.2");
        }
        CheckMasks(trial, written, reset, line);
        CheckReady(trial, card, CTRL, RST | LRST, 0, "the reset is not over: RST and LRST have not become 0 in CTRL");
        CheckReady(trial, card, EEC, AutoReadDone, AutoReadDone,
            "the card still reads its EEPROM: wait for ARD (bit 9) of EEC");
        CheckReady(trial, card, RDRXCTL, DmaInitDone, DmaInitDone,
            "the DMA units are not ready: wait for DMAIDONE (bit 3) of RDRXCTL");
    }

    private static void CheckMasks(
        Trial trial, List<(uint Register, uint Value, int Line)> written, int reset, int line)
    {
        bool before = written.Take(reset).Any(one => one.Register == EIMC && (one.Value & AllCauses) == AllCauses);
        bool after = written.Skip(reset).Any(one => one.Register == EIMC && (one.Value & AllCauses) == AllCauses);
        if (before && after) return;
        var partly = written.Find(one => one.Register == EIMC && (one.Value & AllCauses) != AllCauses);
        if (partly.Register == EIMC)
        {
            throw trial.Failed(
                $"EIMC was written as 0x{partly.Value:x8}: each 1 masks a cause, and there are 31 of them. Write "
                + "0x7fffffff.", partly.Line, "82599 4.6.3.1");
        }
        throw trial.Failed(
            $"Interrupts were not masked {(before ? "after" : "before")} the reset: write ones to EIMC before it, and "
            + "again after it.", written[reset].Line, "82599 4.6.3.1");
    }

    private static void CheckReady(Trial trial, LabDevice card, uint register, uint mask, uint value, string what)
    {
        if ((trial.Peek(card, register) & mask) != value)
            throw trial.Failed(
                $"Reset returned, but {what}. How long it takes differs from card to card, so look until it is so.",
                trial.Run.Line, "82599 4.6.3");
    }

    private static void BringsLinkUp(Trial trial)
    {
        var (starter, card, registers) = Open(trial, new LabWire());
        Reset(trial, starter, card, registers);
        var written = new List<(uint Register, uint Value, int Line)>();
        card.Written = (_, register, value) => written.Add((register, value, trial.Run.Line));
        uint before = trial.Peek(card, AUTOC);
        bool isUp = trial.Call("StartLink", () => starter.StartLink(card, registers, s_second), s_twoSeconds);
        int line = trial.Run.Line;
        bool really = (trial.Peek(card, LINKS) & Up) != 0;
        if (isUp && !really)
            throw trial.Failed("StartLink returned true, but the link is down: LINKS bit 30 is 0.", line, "82599 8.2.3.22.20");
        int at = written.FindLastIndex(one => one.Register == AUTOC);
        if (at < 0)
            throw trial.Failed("StartLink never wrote AUTOC: the card starts the link when Restart_AN (bit 12) is written.",
                line, "82599 4.6.4.2");
        var (_, value, autocLine) = written[at];
        uint mode = value >> 13 & 7;
        if (mode != 3)
            throw trial.Failed(
                $"AUTOC was written as 0x{value:x8}: bits 15 to 13 are {mode}, and 10 Gbit/s serial is 3.", autocLine,
                "82599 4.6.4.2");
        if (!written.Exists(one => one.Register == AUTOC && (one.Value & 1 << 12) != 0))
            throw trial.Failed(
                $"AUTOC was written as 0x{value:x8}, without Restart_AN (bit 12): the card does not take over the mode.",
                autocLine, "82599 4.6.4.2");
        const uint Own = 0xF000;
        if ((value & ~Own) != (before & ~Own))
            throw trial.Failed(
                $"AUTOC was 0x{before:x8}, and was written as 0x{value:x8}: keep the bits that are not yours.", autocLine,
                "82599 4.6.4.2");
        if (!isUp)
            throw trial.Failed(
                really ? "StartLink returned false, but the link is up: LINKS (0x042A4) bit 30 is 1."
                : "StartLink returned false before its time was over, and the link was not up yet.", line,
                "82599 8.2.3.22.20");
    }

    private static void GivesUp(Trial trial)
    {
        var (starter, card, registers) = Open(trial, new LabWire { IsPlugged = false });
        Reset(trial, starter, card, registers);
        var timeout = TimeSpan.FromMilliseconds(trial.Draw(20, 60));
        long start = trial.Now;
        bool isUp = trial.Call("StartLink (there is no cable)", () => starter.StartLink(card, registers, timeout),
            4 * timeout);
        double passed = (trial.Now - start) / 1e6;
        if (isUp)
            throw trial.Failed("StartLink returned true, but there is no cable: the link is up when LINKS bit 30 is 1.",
                trial.Run.Line, "82599 8.2.3.22.20");
        if (passed < 0.9 * timeout.TotalMilliseconds)
            throw trial.Failed(
                $"StartLink gave up after {passed:F0} ms: it was to wait for {timeout.TotalMilliseconds:F0} ms.", trial.Run.Line);
        if (passed > 1.5 * timeout.TotalMilliseconds + 5)
            throw trial.Failed(
                $"StartLink gave up after {passed:F0} ms only: it was to wait for {timeout.TotalMilliseconds:F0} ms.",
                trial.Run.Line);
    }

    private static (ICardStarter, LabDevice, PciBar) Open(Trial trial, LabWire wire, ulong number = 0)
    {
        var card = trial.Open("sim:ixgbe", wire, number);
        trial.CardOf(card).EnableBars();
        return (trial.New<ICardStarter>(), card, card.OpenBar(0));
    }

    private static void Reset(Trial trial, ICardStarter starter, LabDevice card, PciBar registers) =>
        trial.Call("Reset", () => starter.Reset(card, registers), s_second);
}
