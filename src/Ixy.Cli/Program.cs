using System.CommandLine;
using Ixy.Captures;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>The <c>ixy</c> command. Exit codes: 0 done, 1 it could not be done, 2 the command line makes no sense.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        var root = Commands.Root();
        var parsed = root.Parse(arguments.Length == 0 ? ["--help"] : arguments);
        if (parsed.Errors.Count > 0)
        {
            var command = parsed.CommandResult.Command;
            string error = parsed.UnmatchedTokens.Count > 0 ? $"unknown: '{parsed.UnmatchedTokens[0]}'" : parsed.Errors[0].Message.TrimEnd('.');
            return Fail($"{error} (see {(command == root ? "ixy" : $"ixy {command.Name}")} --help)", exitCode: 2);
        }
        // What is sent before the loop runs would be lost: see Ports.StartSending.
        NetworkDevice.RegisterTransport("sim", specifier => SimulatedCards.Open(specifier, waitsToSend: true));
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception error) when (IsExpected(error))
        {
            return Fail(Describe(error), exitCode: 1);
        }
    }

    /// <summary>The message without what the base class library adds for programmers, on one line.</summary>
    internal static string Describe(Exception error)
    {
        string message = error.Message;
        if (error is ArgumentException { ParamName: { } name }) message = message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal);
        return message.ReplaceLineEndings(" ");
    }

    // What a user can bring about, and what the message therefore explains. Anything else is a bug and shows its stack.
    private static bool IsExpected(Exception error) =>
        error is PciDeviceException or ArgumentException or PacketMisuseException or IOException or UnauthorizedAccessException or CaptureFormatException;

    private static int Fail(string message, int exitCode)
    {
        try
        {
            Console.Error.WriteLine($"ixy: {message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Standard error is closed, or full: the exit code is all that is left to say it with.
        }
        return exitCode;
    }
}
