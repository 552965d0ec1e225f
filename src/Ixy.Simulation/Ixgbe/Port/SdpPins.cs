using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Ixgbe.Port;

/// <summary>
/// The software-definable pins as wired on an SFP+ board (datasheet 3.5.7, 8.2.3.1.4): SDP1 loss of signal, SDP2 module
/// present, SDP3 laser off (TX_DISABLE), SDP5 rate select (RS0, RS1). Outputs read back what was written, inputs what
/// the board drives.
/// </summary>
internal sealed class SdpPins
{
    // ESDP (8.2.3.1.4)
    internal const uint RxLoss = 1u << 1, ModulePresent = 1u << 2;
    private const uint Pins = 0xFF;
    internal const int DirectionShift = 8;

    private const uint GpiSdp0 = 1u << 24;
    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private uint _inputs;

    internal SdpPins(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        _registers.OnRead(ESDP, _ => Read());
        _registers.OnWrite(ESDP, (_, value) =>
        {
            _registers[ESDP] = value & ~(Pins & ~Outputs(value));
            _card.Link.Evaluate();
        });
        _inputs = Inputs;
    }

    /// <summary>
    /// The module's laser is on: SDP3 is driven low. The module itself pulls the pin up (SFF-8431, TX_Disable), so it
    /// is dark while nothing drives it.
    /// </summary>
    internal bool LaserOn => _card.Options.HasSfpModule && IsDriven(ESDP_.TxDisable, high: false);

    /// <summary>
    /// SDP5 is driven low: the module's receiver and transmitter are set to 1 Gb/s (SFF-8431, RS0 and RS1).
    /// </summary>
    internal bool SlowRateSelected => IsDriven(ESDP_.RateSelect, high: false);

    private uint Inputs => _card.Options.IsCopper ? 0 :
        !_card.Options.HasSfpModule ? RxLoss :
        ModulePresent | (_card.HasSignal ? 0 : RxLoss);

    /// <summary>Raises the interrupt causes of input pins that went high, if enabled in GPIE (8.2.3.5).</summary>
    internal void Update()
    {
        uint rising = Inputs & ~_inputs;
        _inputs = Inputs;
        uint wanted = rising & _registers[GPIE] & 7;
        if (wanted != 0) _card.Interrupts.RaiseCause(wanted * GpiSdp0);
    }

    private bool IsDriven(uint pin, bool high)
    {
        uint esdp = _registers[ESDP];
        return (Outputs(esdp) & pin) != 0 && (esdp & pin) != 0 == high;
    }

    private static uint Outputs(uint esdp) => (esdp >> DirectionShift) & Pins;

    private uint Read()
    {
        uint esdp = _registers[ESDP];
        return (esdp & ~(Pins & ~Outputs(esdp))) | (Inputs & ~Outputs(esdp));
    }
}
